"""What a person's words mean to an agent that waits."""

import pytest

from a_parallel_plugins.agents.answers import accepts_plan, answer_to, parse_answers, question_texts
from a_parallel_plugins.agents.waits import Wait

QUESTIONS = {"Which database?": "Database", "Which extras?": "Extras"}


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (
            "[Database] Which database?\n→ SQLite — small\n\n[Extras] Which extras?\n→ Docs — pages\n→ Tests — many",
            {"Which database?": "SQLite", "Which extras?": "Docs, Tests"},
        ),
        ("[Database] Which database?\n→ my own — with a dash", {"Which database?": "my own"}),
        ("[Database] Which database?\n→ plain label", {"Which database?": "plain label"}),
        ("[Database] another wording\n→ SQLite — small", {"Which database?": "SQLite"}),
        ("[Database] Which database?\nsomething of my own", {"Which database?": "something of my own"}),
        ("[Database] Which database?", {}),
        ("just do it", {}),
        ("", {}),
    ],
)
def test_blocks_are_read_and_the_whole_text_answers_the_rest(text: str, answers: dict[str, str]) -> None:
    assert parse_answers(text, QUESTIONS) == {question: answers.get(question, text) for question in QUESTIONS}


def test_a_header_that_two_questions_share_names_none() -> None:
    questions = {"One?": "Same", "Two?": "Same"}
    text = "[Same] something else\n→ Yes — of course"
    assert parse_answers(text, questions) == {"One?": text, "Two?": text}


@pytest.mark.parametrize("tool_input", [{}, {"questions": None}, {"questions": ["x", {"header": "no text"}]}])
def test_odd_inputs_hold_no_questions(tool_input: dict[str, object]) -> None:
    assert question_texts(tool_input) == {}
    assert answer_to(Wait("question", "AskUserQuestion", tool_input), "Blue").answers == {}


@pytest.mark.parametrize(
    ("text", "shown", "accepted"),
    [
        ("Plan accepted", True, True),
        (" Accepted\n", True, True),
        ("Continue", True, True),
        ("Continue", False, False),
        ("Plan accepted", False, True),
        ("plan accepted", True, False),
        ("Plan accepted, but shorter", True, False),
    ],
)
def test_a_plan_is_accepted_by_the_clients_own_words_only(text: str, shown: bool, accepted: bool) -> None:
    assert accepts_plan(text, shown=shown) is accepted
