# Writes an .inc with a file's bytes as the text of a C++ string, two hex digits each:
#
#   cmake -D OUTPUT=x.inc -D FILE=a.bin -P EmbedHex.cmake
file(READ "${FILE}" digits HEX)
string(REGEX REPLACE "(................................................................)" "\"\\1\"\n"
       digits "${digits}")
string(REGEX REPLACE "\n([0-9a-f]+)$" "\n\"\\1\"\n" digits "${digits}")
file(WRITE "${OUTPUT}" "// Written by cmake/EmbedHex.cmake.\n${digits}")
