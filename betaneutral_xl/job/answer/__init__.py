"""The answer page: its value, how it is made of an outcome, and its plain form."""

from betaneutral_xl.job.answer.build import answer_page, page_of, trade_lines
from betaneutral_xl.job.answer.full import full_page
from betaneutral_xl.job.answer.page import AnswerPage, Status
from betaneutral_xl.job.answer.record import record

__all__ = ["AnswerPage", "Status", "answer_page", "full_page", "page_of", "record", "trade_lines"]
