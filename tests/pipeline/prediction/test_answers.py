"""How predictions look in a terminal."""

import os
import pty
import re
import subprocess
import sys


def test_a_terminal_gets_bars_as_long_as_the_probabilities():
    """In a pseudo-terminal of 80 columns, with a name that does not fit on a line."""
    program = (
        "from pipeline.prediction.answers import show\n"
        "from pipeline.prediction.asking import Answer\n"
        "from pipeline.prediction.photographs import Photograph\n"
        f"best = [('great white shark, {'man-eater, ' * 8}end', 0.75), ('tench', 0.25), ('hen', 0.0)]\n"
        "answers = [Answer(Photograph('a.jpg', 'a.jpg'), [best])]\n"
        "show(answers, 1, source='', signature='', top=5, json_=False)\n"
    )
    text = in_terminal([sys.executable, "-c", program], columns=80)
    lines = [re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", line).rstrip() for line in text.splitlines()]
    assert lines[0] == "a.jpg"
    assert all(len(line) <= 80 for line in lines)
    assert "75.0 %  great white shark" in lines[1]
    assert len(re.findall("[━╸╺]", lines[1])) == 24, "the bar's ground is drawn too"
    assert "".join(line.strip() for line in lines[2:5]).replace(" ", "").count("man-eater") >= 4
    coloured = re.findall(r"\x1b\[36m(━*)", text)
    assert [len(bar) for bar in coloured[:2]] == [18, 6]


def in_terminal(command: list[str], columns: int) -> str:
    """What a command writes to a terminal of that width."""
    mine, its = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "24"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment)
    os.close(its)
    text = b""
    while True:
        try:
            read = os.read(mine, 65536)
        except OSError:  # what Linux says at the end
            break
        text += read
    assert process.wait() == 0, text.decode()
    os.close(mine)
    return text.decode()
