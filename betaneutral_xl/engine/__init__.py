"""The numbers: values in, values out, no input or output."""
