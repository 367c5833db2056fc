# SPDX-License-Identifier: MIT
# symbols.awk - `nm -n dom0.elf' to an assembly table of function names.
# With no input it makes the empty table of the first link.  Tables are in
# .rodata behind everything else, so filling them moves no function.
BEGIN { n = 0 }
$2 ~ /^[tT]$/ && $3 !~ /^[.$]/ && $1 != last { addr[n] = $1; name[n++] = $3; last = $1 }
END {
    print ".section .rodata.symbols, \"a\", @progbits"
    print ".globl symbol_count, symbol_address, symbol_name"
    print ".balign 8"
    print "symbol_name:"
    for (i = 0; i < n; i++)
        print ".quad name_" i
    print "symbol_count: .long " n + 0
    print "symbol_address:"
    for (i = 0; i < n; i++)
        print ".long 0x" addr[i]
    for (i = 0; i < n; i++)
        print "name_" i ": .asciz \"" name[i] "\""
    print ".section .note.GNU-stack, \"\", @progbits"
}
