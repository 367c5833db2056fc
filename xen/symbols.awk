# SPDX-License-Identifier: MIT
# symbols.awk - `nm -n` in, assembly out: the table of functions that
# common/symbols.c reads, by address.  A record is the distance from the one
# before (the first: from the start of the image's window, whose low half is
# 0x80000000) as ULEB128, how much of the name is that of the one before, and
# the rest of it.
function shared(a, b,    n) {
    while (n < 40 && n < length(a) && substr(a, n + 1, 1) == substr(b, n + 1, 1))
        n++
    return n + 0
}
BEGIN { last = "80000000" }
/ [tT] / && $3 !~ /^(\.L|_start|_stext|_etext|_erodata|_end|__init)/ && substr($1, 1, 8) == "ffff82d0" {
    address = substr($1, 9)
    if (address == last)
        next
    s = shared($3, name)
    records = records ".uleb128 0x" address " - 0x" last "\n.byte " s "\n.asciz \"" substr($3, s + 1) "\"\n"
    last = address; name = $3; n++
}
END {
    print ".section .rodata.symbols, \"a\""
    print ".balign 4"
    print ".globl symbols_count, symbols_text"
    print ".hidden symbols_count, symbols_text"
    print "symbols_count: .long " n + 0
    print "symbols_text:"
    print records ".byte 0"
    print ".section .note.GNU-stack, \"\", @progbits"
}
