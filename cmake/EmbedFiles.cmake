# Writes an .inc with files as C++ rows {"name", R"(text)"}, in the order of their names:
#
#   cmake -D OUTPUT=x.inc -D "FILES=a.sql;b.sql" -P EmbedFiles.cmake
set(rows "// Written by cmake/EmbedFiles.cmake.\n")
list(SORT FILES)
foreach(path IN LISTS FILES)
  get_filename_component(name "${path}" NAME)
  file(READ "${path}" text)
  if(text MATCHES "\\)embedded\"")
    message(FATAL_ERROR "${path} holds the mark of a text's end")
  endif()
  string(APPEND rows "{\"${name}\", R\"embedded(${text})embedded\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "${rows}")
