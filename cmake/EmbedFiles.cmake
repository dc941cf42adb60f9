# Writes an .inc with files as C++ rows {"name", R"(text)"}, in the order of their names:
#
#   cmake -D OUTPUT=x.inc -D "FILES=a.sql;b.sql" -P EmbedFiles.cmake
#
# A row is named as its file, or as it is told to be: FILES=views/a.js=/where/it/is/a.js
set(rows "// Written by cmake/EmbedFiles.cmake.\n")
list(SORT FILES)
foreach(path IN LISTS FILES)
  if(path MATCHES "^([^=]+)=(.+)$")
    set(name "${CMAKE_MATCH_1}")
    set(path "${CMAKE_MATCH_2}")
  else()
    get_filename_component(name "${path}" NAME)
  endif()
  file(READ "${path}" text)
  if(text MATCHES "\\)embedded\"")
    message(FATAL_ERROR "${path} holds the mark of a text's end")
  endif()
  string(APPEND rows "{\"${name}\", R\"embedded(${text})embedded\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "${rows}")
