# SPDX-License-Identifier: MIT
# symbols.awk - `nm -n` in, assembly out: the sorted table of functions that
# common/symbols.c searches.  Addresses are kept as offsets from the start of
# the image's window, whose low half is 0x80000000.
BEGIN { n = 0 }
/ [tT] / && $3 !~ /^(\.L|_start|_stext|_etext|_erodata|_end|__init)/ && substr($1, 1, 8) == "ffff82d0" {
    if (n && addr[n - 1] == substr($1, 9))
        next
    addr[n] = substr($1, 9); name[n] = $3; n++
}
END {
    print ".section .rodata.symbols, \"a\""
    print ".balign 4"
    print ".globl symbols_count, symbols_offsets, symbols_names, symbols_text"
    print ".hidden symbols_count, symbols_offsets, symbols_names, symbols_text"
    print "symbols_count: .long " n
    print "symbols_offsets:"
    for (i = 0; i < n; i++)
        print ".long 0x" addr[i] " - 0x80000000"
    print "symbols_names:"
    at = 0
    for (i = 0; i < n; i++) {
        print ".long " at
        at += length(name[i]) + 1
    }
    print "symbols_text:"
    for (i = 0; i < n; i++)
        print ".asciz \"" name[i] "\""
    print ".byte 0"
    print ".section .note.GNU-stack, \"\", @progbits"
}
