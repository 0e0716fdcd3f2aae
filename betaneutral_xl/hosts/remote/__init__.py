"""What hosts in another process share: messages, and answers in the form in which they are sent."""
