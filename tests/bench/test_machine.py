from bench.machine import parse_cpuinfo, this_machine


def test_the_model_of_the_first_processor() -> None:
    text = (
        "processor\t: 0\nmodel\t\t: 17\nmodel name\t: Some CPU @ 2: 3 GHz\n\nmodel name\t: Other\n"
    )
    assert parse_cpuinfo(text) == "Some CPU @ 2: 3 GHz"
    assert parse_cpuinfo("Features : fp asimd\n") == ""


def test_this_machine_is_described() -> None:
    machine = this_machine()
    assert machine.cpu
    assert machine.cores >= 1
    assert machine.os
    assert machine.python.split()[1].startswith("3.")
