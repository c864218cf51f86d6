"""`resprout export --to petab`: the folder it writes, and what it says of mistakes."""


def test_the_command_writes_it_and_says_what_stays_out(resprout, tmp_path):
    code, out, _ = resprout("export", "--to", "petab", "problem")
    assert code == 0 and "PEtab v2" in out and "stay out" in out
    assert (tmp_path / "problem" / "parameters.tsv").is_file()
    code, _, said = resprout("export", "--to", "petab", "no/such/place")
    assert code == 2 and "mkdir" in said
