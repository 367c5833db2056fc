# SPDX-License-Identifier: MIT
"""The runner's command line."""

import argparse
import dataclasses
import os
import pathlib
import re
import signal
import sys

from . import bench, cairn, cpio, demo, guestrun, guests, image, matrix, paths, programs, system
from .cairn import Cairn, CairnError, Setup
from .console import ConsoleClosed, ConsoleTimeout
from .machine import EMULATORS, MODELS, MachineError, Spec
from .report import Report

USAGE_ERROR = 2


def _show(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def cmd_demo(args, spec):
    return demo.run(spec, args)


def cmd_guest(args, spec):
    found = guests.select(guests.discover(args.directory), args.select)
    if not found:
        raise guests.GuestError("no test is in all the kinds that were selected")
    if args.list:
        for guest in found:
            print(guest.instance)
        return 0
    if args.paging != "auto":
        found = [dataclasses.replace(guest, paging=args.paging) for guest in found]
    kind = "bare" if args.bare else f"{'as dom0' if args.dom0 else 'under'} Cairn ({args.variant})"
    if args.paging != "auto":
        kind += f", paging: {args.paging}"
    if args.inner:
        found = [dataclasses.replace(guest, inner=paths.hypervisor(args.variant))
                 for guest in found if guest.environment.startswith("pv")]
        kind = f"as dom0 of an inner Cairn ({args.variant})"
    report = Report(f"{len(found)} guests {kind} on {spec.label()}", combined=True)
    how = (args.variant, args.options)
    if args.bare:
        guestrun.run_bare(found, spec, report, args.timeout or guestrun.BARE_TIMEOUT)
    elif args.dom0:
        guestrun.run_as_dom0(found, spec, report, *how, args.timeout or guestrun.DOM0_TIMEOUT)
    else:
        guestrun.run(found, spec, report, *how, args.timeout or guestrun.GUEST_TIMEOUT)
    if args.json:
        report.save(args.json, kind=kind, machine=spec.label(), options=args.options)
    return report.finish()


def cmd_matrix(args, spec):
    """Guest tests by configurations."""
    found = guests.select(guests.discover(args.directory), args.select)
    where = matrix.places(args.on.split(), spec, args.options)
    return matrix.run(found, where, matrix.places(args.bare_on.split(), spec), args)


def cmd_bench(args, spec):
    return bench.run(args.directory, spec)


def cmd_programs(args, spec):
    return programs.run(spec, args)


def cmd_bare(args, spec):
    report = Report()
    echo = None if args.quiet else _show
    timeout = args.timeout or guestrun.BARE_TIMEOUT
    report.add(guestrun.bare(args.kernel, spec, timeout, echo, cmdline=args.cmdline))
    return report.finish()


def cmd_dom0(args, spec):
    """Boot Cairn with any PV kernel as its dom0."""
    setup = Setup(spec, args.variant, args.options, image.load(args.kernel, args.cmdline))
    echo = None if args.quiet else _show
    timeout = args.timeout or guestrun.DOM0_TIMEOUT
    report = Report()
    report.add(guestrun.dom0(setup, pathlib.Path(args.kernel).name, timeout, echo))
    return report.finish()


def cmd_shell(args, spec):
    """Boot, run each word of the command line at dom0's prompt, power off."""
    files = {}
    for item in args.file:
        target, equals, source = item.partition("=")
        if not equals or not target.startswith("/"):
            raise CairnError(f"--file wants /PATH/IN/DOM0=FILE, not '{item}'")
        files[target] = image.load(source).data
    for directory in args.guests:
        for guest in guests.discover(directory):
            files.update(guest.files())
    setup = Setup(spec, args.variant, args.options, dom0_cmdline=args.dom0_options, files=files)
    status = 0
    with Cairn(setup, "shell", _show if args.verbose else None) as machine:
        try:
            machine.boot()
            for command in args.command:
                outcome = machine.run(command, args.timeout or guestrun.GUEST_TIMEOUT)
                if not args.verbose:
                    print(f"dom0# {command}\n{outcome.output}", end="", flush=True)
                status = outcome.status
            machine.power_off()
        except CairnError as error:
            if not args.verbose:
                _show(machine.log[-3000:])
            raise CairnError(f"{error} (log: {paths.display(machine.folder)})") from error
    return status


def cmd_system(args, spec):
    return system.run(args.select, spec, args.variant)


def cmd_make_initrd(args, spec):
    """The initrd of the boot image: dom0's /etc and the demo's guests."""
    files = demo.initrd_files()
    pathlib.Path(args.output).write_bytes(cpio.archive(files))
    return 0


def cmd_make_iso(args, spec):
    """build/cairn.iso: release and debug hypervisor with the base initrd."""
    demo.make_iso(args.output)
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="runner",
        description="Boot Cairn, or guest kernels, on an emulator and judge the result.",
        epilog="Exit status: 0 success, 3 skip, 4 error, 5 failure, 6 crash (the worst of the "
        "run); 1 the run could not be done; 2 usage.  Logs of each run are in build/logs/.",
    )
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")

    machine = argparse.ArgumentParser(add_help=False)
    group = machine.add_argument_group("the machine")
    group.add_argument("--emulator", choices=EMULATORS, default="bochs",
                       help="bochs; tcg: QEMU without VT-x; kvm: QEMU with nested VT-x")
    group.add_argument("--model", default="haswell",
                       help=f"Bochs CPU model ({', '.join(MODELS)}, or Bochs' own name)")
    group.add_argument("--memory", type=int, default=512, metavar="MIB")
    group.add_argument("--cpus", type=int, default=1, metavar="N")
    group.add_argument("--ips", type=int, default=10_000_000,
                       help="instructions in a second of the machine's time (Bochs)")
    group.add_argument("--timeout", type=float, metavar="SECONDS",
                       help="for one guest, kernel or command")
    host = argparse.ArgumentParser(add_help=False)
    group = host.add_argument_group("the hypervisor")
    group.add_argument("--variant", choices=("debug", "release", "count", "ubsan"), default="debug")
    group.add_argument("--options", default="", help="more hypervisor options")

    def add(name, function, text, parents=()):
        command = commands.add_parser(name, help=text, description=text, parents=parents)
        command.set_defaults(function=function)
        return command

    command = add("demo", cmd_demo, "boot build/cairn.iso; on a terminal you get its console", [machine])
    command.add_argument("--iso", default=None, help="another image to boot")
    command = add("guest", cmd_guest, "run the guest tests of a folder (ours, or any XTF)", [machine, host])
    command.add_argument("--bare", action="store_true", help="without a hypervisor")
    command.add_argument("--dom0", action="store_true", help="PV kernels in dom0's place")
    command.add_argument("--inner", action="store_true",
                         help="PV kernels as dom0 of a Cairn that is a HVM guest")
    command.add_argument("--json", metavar="FILE", help="write the results there, too")
    command.add_argument("--select", action="append", default=[], metavar="WORD",
                         help="category, environment, pv, hvm, or test name; may be repeated")
    command.add_argument("--paging", choices=("auto", "hap", "shadow"), default="auto",
                         help="put hap=1 or hap=0 into each HVM guest's configuration")
    command.add_argument("--list", action="store_true", help="only print what would run")
    command.add_argument("directory", metavar="DIR")
    command = add("matrix", cmd_matrix, "run guest tests bare and under Cairn with each kind of "
                  "paging, on several machines; print a table", [machine, host])
    command.add_argument("--on", default="haswell", metavar="'MODEL[*CPUS][:OPTIONS] ...'",
                         help="the machines, each perhaps with hypervisor options")
    command.add_argument("--bare-on", default="", metavar="'MODEL ...'",
                         help="machines for columns without hypervisor")
    command.add_argument("--paging", choices=("auto", "hap", "shadow"), default="auto",
                         help="auto: a column for each kind that a machine offers")
    command.add_argument("--jobs", type=int, default=1, help="so many machines at a time")
    command.add_argument("--add", action="store_true",
                         help="keep what an earlier run wrote and this one does not do again")
    command.add_argument("--select", action="append", default=[], metavar="WORD",
                         help="as for guest")
    command.add_argument("directory", metavar="DIR")
    command = add("bench", cmd_bench, "what operations cost: a table, and build/bench.json", [machine])
    command.add_argument("directory", metavar="DIR")
    command = add("programs", cmd_programs, "random page-table programs: the same bare, by EPT and by "
                  "shadow tables? (needs `make guest`)", [machine, host])
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--first", type=int, default=0, help="number of the first program")
    command.add_argument("--programs", type=int, default=1000, help="how many, over all environments")
    command.add_argument("--trace", type=int, metavar="N", help="print the steps of program N")
    command.add_argument("--environment", help="only this one")
    command.add_argument("--columns", default=",".join(programs.COLUMNS))
    command = add("bare", cmd_bare, "boot one kernel without a hypervisor", [machine])
    command.add_argument("--cmdline", default="", help="the kernel's command line")
    command.add_argument("--quiet", action="store_true", help="do not show its output")
    command.add_argument("kernel")
    command = add("dom0", cmd_dom0, "boot Cairn with a PV kernel as dom0", [machine, host])
    command.add_argument("--cmdline", default="", help="the kernel's command line")
    command.add_argument("--quiet", action="store_true", help="do not show its output")
    command.add_argument("kernel")
    command = add("shell", cmd_shell, "boot, run commands at dom0's prompt, power off", [machine, host])
    command.add_argument("--file", action="append", default=[], metavar="/PATH=FILE",
                         help="put a file into dom0's ramfs")
    command.add_argument("--guests", action="append", default=[], metavar="DIR",
                         help="put the guest tests of a folder there, cfgs in /etc/xen")
    command.add_argument("--dom0-options", default="", help="dom0's command line")
    command.add_argument("--verbose", action="store_true", help="show the whole console")
    command.add_argument("command", nargs="*")
    command = add("system", cmd_system, "run the system tests", [machine, host])
    command.add_argument("select", nargs="*", metavar="TEST", help="only these")
    command = add("make-initrd", cmd_make_initrd, "write the boot image's initrd")
    command.add_argument("--output", required=True)
    command = add("make-iso", cmd_make_iso, "write the boot image")
    command.add_argument("--output", required=True)
    return parser


def main(argv=None):
    args = _parser().parse_args(argv)
    if "select" in args and isinstance(args.select, list):
        args.select = [word for item in args.select for word in re.split(r"[,\s]+", item) if word]
    spec = None
    if "emulator" in args:
        spec = Spec(args.emulator, args.model, args.memory, args.cpus, args.ips)
    # So that `kill` of the runner ends its machine by the normal clean-up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return args.function(args, spec)
    except (CairnError, MachineError, image.ImageError, guests.GuestError,
            ConsoleClosed, ConsoleTimeout) as error:
        print(f"runner: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
