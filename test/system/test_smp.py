# SPDX-License-Identifier: MIT
"""Several CPUs, and how guests share them."""

import re

from cairn_runner import guests, paths

BUSY = "test-hvm64-busy"
SMP = "test-hvm64-smp"
EXAMPLE = "test-hvm64-example"


def _start_busy(booted, names):
    for name in names:
        assert booted.run(f'xl create -q /etc/xen/{BUSY}.cfg \'name="{name}"\'').status == 0


def _cpu_ms(booted):
    """Milliseconds that each domain has run, and now, by debug key q."""
    output = booted.run("xl debug-keys q").output
    now = re.search(r"domains, now (\d+) ms", output)
    assert now, output
    used = {}
    for domain, body in re.findall(r"\(XEN\) d(\d+): (.*(?:\n\(XEN\)   v.*)*)", output):
        used[int(domain)] = sum(int(ms) for ms in re.findall(r"time (\d+) ms", body))
    return int(now[1]), used


def _shares(booted, domains, seconds):
    """Percent of one CPU that each got over some seconds."""
    begin, before = _cpu_ms(booted)
    booted.run(f"sleep {seconds}", timeout=300)
    end, after = _cpu_ms(booted)
    return [100 * (after[d] - before[d]) / (end - begin) for d in domains]


def test_weights(context):
    """Three busy guests of weight 256, 256, 512 on one CPU: 25/25/50 %."""
    booted = context.boot(context.guest_files(BUSY), spec=context.machine(cpus=1))
    _start_busy(booted, ["a", "b", "c"])
    assert booted.run("xl sched-credit2 -d c -w 512").status == 0
    shares = _shares(booted, [1, 2, 3], 2)
    for share, wanted in zip(shares, [25, 25, 50]):
        assert abs(share - wanted) <= 3, f"got {shares}"
    booted.power_off()


def test_cap(context):
    """A cap holds although the CPU is free."""
    booted = context.boot(context.guest_files(BUSY), spec=context.machine(cpus=1))
    _start_busy(booted, ["a"])
    assert booted.run("xl sched-credit2 -d a -c 40").status == 0
    (share,) = _shares(booted, [1], 2)
    assert abs(share - 40) <= 3, f"got {share}"
    booted.power_off()


def test_no_cpu_idles(context):
    """Two CPUs, three busy guests: both CPUs are used up, each guest gets its part."""
    booted = context.boot(context.guest_files(BUSY), spec=context.machine(cpus=2))
    _start_busy(booted, ["a", "b", "c"])
    shares = _shares(booted, [1, 2, 3], 2)
    assert sum(shares) >= 192, f"got {shares}"
    assert min(shares) >= 50, f"got {shares}"
    booted.power_off()


def test_configured_shares(context):
    """cpus=, cpu_weight= and cap= of a configuration hold from the start."""
    booted = context.boot(context.guest_files(BUSY, SMP), spec=context.machine(cpus=4))
    words = "'cpus=\"1-2\"' cpu_weight=512 cap=60"
    assert booted.run(f"xl create -q /etc/xen/{BUSY}.cfg 'name=\"a\"' {words}").status == 0
    assert booted.run("xl sched-credit2 -d a").lines[1].split() == ["a", "1", "512", "60"]
    line = booted.run("xl vcpu-list a").lines[1].split()
    assert line[3] in "12" and line[6:] == ["1-2", "/", "all"], line
    (share,) = _shares(booted, [1], 2)
    assert abs(share - 60) <= 3, f"got {share}"
    assert booted.run(f"xl create -p /etc/xen/{SMP}.cfg 'cpus=[\"3\", \"all,^0\"]'").status == 0
    pinned = [line.split()[6] for line in booted.run(f"xl vcpu-list {SMP}").lines[1:3]]
    assert pinned == ["3", "1-63"] or pinned == ["3", "1-3"], pinned
    outcome = booted.run(f"xl create -p /etc/xen/{BUSY}.cfg 'name=\"b\"' 'cpus=\"9\"'")
    assert outcome.status != 0 and "cannot pin vCPU 0" in outcome.output, outcome.output
    outcome = booted.run(f"xl create -p /etc/xen/{BUSY}.cfg 'name=\"b\"' 'cpus=\"1-\"'")
    assert outcome.status != 0 and "'cpus' needs sets of CPUs" in outcome.output, outcome.output
    booted.power_off()


def test_pin(context):
    """A pinned vCPU runs where it is told to, also when that changes under it."""
    booted = context.boot(context.guest_files(BUSY), spec=context.machine(cpus=4))
    _start_busy(booted, ["a"])
    for cpu in (3, 1, 2, 0):
        assert booted.run(f"xl vcpu-pin a 0 {cpu}").status == 0
        booted.run("sleep 0.1")
        lines = booted.run("xl vcpu-list a").output.splitlines()
        assert lines[1].split()[3] == str(cpu), lines[1]
        assert lines[1].split()[6] == str(cpu), lines[1]
    assert booted.run("xl vcpu-pin a 0 9").status == 1
    assert booted.run("xl vcpu-pin a all all").status == 0
    booted.power_off()


def test_clock(context):
    """A guest's clock does not go back on any vCPU while these are moved between CPUs."""
    booted = context.boot(context.guest_files(SMP), spec=context.machine(cpus=2))
    assert booted.run(f"xl create -q /etc/xen/{SMP}.cfg 'cmdline=\"clock\"'").status == 0
    moves = "; ".join(f"xl vcpu-pin {SMP} {n % 2} {n // 2 % 2}" for n in range(16))
    moved = 0
    while SMP in booted.run("xl list").output:
        booted.run(moves, timeout=120)
        moved += 1
    log = booted.run(f"cat /var/log/xen/console/guest-{SMP}.log").output
    assert "Test result: SUCCESS" in log, log[-300:]
    assert moved > 3, f"it was moved {moved} times 16 only"
    booted.power_off()


def test_guests_at_once(context):
    """Two guests of two vCPUs each beside busy ones, over and over."""
    booted = context.boot(context.guest_files(BUSY, SMP), spec=context.machine(cpus=4))
    _start_busy(booted, ["a", "b"])
    for _ in range(5):
        booted.run(f'xl create -q /etc/xen/{SMP}.cfg \'name="x"\'')
        outcome = booted.run(f'xl create -c /etc/xen/{SMP}.cfg \'name="y"\'', timeout=300)
        assert "Test result: SUCCESS" in outcome.output, outcome.output[-300:]
        booted.run("sleep 0.5")
        log = booted.run("cat /var/log/xen/console/guest-x.log").output
        assert "Test result: SUCCESS" in log, log[-300:]
    assert booted.run("xl destroy a; xl destroy b").status == 0
    booted.power_off()


def test_fewer_cpus(context):
    """maxcpus= and nosmp keep CPUs off."""
    for option, wanted in (("maxcpus=2", 2), ("nosmp", 1), ("maxcpus=0", 1)):
        booted = context.boot(spec=context.machine(cpus=4), options=option)
        assert f"SMP: {wanted} of 4 CPUs online" in booted.log
        booted.power_off()


UNEQUAL = {
    "vpid": "secondary controls differ from CPU 0's in bit 5",
    "efer-switch": "VM-exit controls differ from CPU 0's in bit 21",
    "efer-entry": "VM-exit controls differ from CPU 0's in bit 21",
}


def test_unequal_cpus(context):
    """A CPU that differs in what we use stays offline, and the log says in what (T60)."""
    for mask, said in UNEQUAL.items():
        booted = context.boot(spec=context.machine(cpus=2), options=f"vmx-mask-others={mask}")
        assert f"stays offline: VMX: {said}" in booted.log, mask
        assert "SMP: 1 of 2 CPUs online" in booted.log
        booted.power_off()


RC = f"""xl create -q /etc/xen/{SMP}.cfg 'name="x"'
xl create -c /etc/xen/{SMP}.cfg
xl create -c /etc/xen/{EXAMPLE}.cfg
sleep 0.2
cat /var/log/xen/console/guest-x.log
xl debug-keys q
"""


def test_determinism(context):
    """Two runs of the same machine say the same, byte for byte, on 1, 2 and 4 CPUs."""
    for cpus in (1, 2, 4):
        logs = []
        for _ in range(2):
            files = {**context.guest_files(EXAMPLE, SMP), "/etc/rc": RC.encode()}
            booted = context.start(files, spec=context.machine(cpus=cpus), dom0_cmdline="")
            booted.boot()
            logs.append(booted.log)
            booted.power_off()
        assert logs[0].count("Test result: SUCCESS") == 3, logs[0][-1000:]
        assert logs[0] == logs[1], f"{cpus} CPUs"


def _pair(booted, guest):
    """One guest test beside another run of itself; both must succeed."""
    other = f"x-{guest.name}"
    assert booted.run(f"xl create -q {guest.cfg_in_dom0} 'name=\"{other}\"'").status == 0
    verdicts = [guests.verdict_of(booted.run(f"xl create -c {guest.cfg_in_dom0}", 240).output)[0]]
    for _ in range(20):
        if other not in booted.run("xl list").output:
            break
        booted.run("sleep 0.5")
    log = booted.run(f"cat /var/log/xen/console/guest-{other}.log").output
    verdicts.append(guests.verdict_of(log)[0])
    assert set(verdicts) <= {"SUCCESS", "SKIP"}, f"{guest.instance}: {verdicts}"


def test_pairs(context):
    """Every guest test of 64 bits with another run of itself beside it, on two CPUs."""
    found = guests.select(guests.discover(paths.BUILD / "guest"), ["hvm64"])
    chosen = [guest for guest in found if guest.expect.normal and "bench" not in guest.name]
    for first in range(0, len(chosen), 12):
        batch = chosen[first : first + 12]
        files = context.guest_files(*(guest.instance for guest in batch))
        booted = context.boot(files, spec=context.machine(cpus=2))
        for guest in batch:
            _pair(booted, guest)
        booted.power_off()


def test_storm(context):
    """Guests are paused, moved and killed while they run on four CPUs; nothing is lost."""
    booted = context.boot(context.guest_files(BUSY, SMP), spec=context.machine(cpus=4))

    def free_kib():
        return int(booted.run("xl info free_memory_kib").lines[0])

    def round_of(number):
        _start_busy(booted, ["a", "b", "c"])
        booted.run(f'xl create -q /etc/xen/{SMP}.cfg \'name="x"\'')
        moves = "; ".join(
            f"xl vcpu-pin {who} 0 {(number + step) % 4}; xl pause {who}; xl unpause {who}"
            for step, who in enumerate("abcab")
        )
        assert booted.run(moves, timeout=300).status == 0
        assert booted.run("xl destroy a; xl destroy b; xl destroy c").status == 0
        booted.run("sleep 0.2")

    round_of(0)
    before = free_kib()
    for number in range(1, 9):
        round_of(number)
    assert free_kib() == before
    booted.power_off()
