# Writes an .inc with the scripts as C++ rows {"deduct_stock", R"(text)", "sha1"}:
#
#   cmake -D OUTPUT=x.inc -D SCRIPTS=folder -D OUTCOMES=outcome_table.inc -P embed_scripts.cmake
#
# A script that begins with "#!lua" is one to run. Behind its first line, unless it is on its own
# (it does not call Finish or EachReservation), comes common.lua; behind "-- with: x.lua" that file.
# OUTCOME.kName becomes the number of that row of the outcome table.
file(STRINGS "${OUTCOMES}" rows REGEX "^OUTCOME\\(k")
set(names "")
set(number 0)
foreach(row IN LISTS rows)
  string(REGEX MATCH "k[A-Za-z]+" name "${row}")
  set(number_of_${name} ${number})
  list(APPEND names ${name})
  math(EXPR number "${number} + 1")
endforeach()

file(READ "${SCRIPTS}/common.lua" common)
file(READ "${SCRIPTS}/reservations.lua" reservations)
file(GLOB scripts "${SCRIPTS}/*.lua")
list(SORT scripts)
set(result "// Written by embed_scripts.cmake.\n")
foreach(path IN LISTS scripts)
  get_filename_component(name "${path}" NAME_WE)
  file(READ "${path}" text)
  if(NOT text MATCHES "^#!lua")
    continue()
  endif()
  if(text MATCHES "Finish\\(|EachReservation\\(")
    string(FIND "${text}" "\n" end)
    math(EXPR end "${end} + 1")
    string(SUBSTRING "${text}" 0 ${end} shebang)
    string(SUBSTRING "${text}" ${end} -1 text)
    set(text "${shebang}${common}${text}")
  endif()
  string(REPLACE "-- with: reservations.lua\n" "${reservations}" text "${text}")
  # As often as there are names: a number takes the name's place whole.
  string(REGEX MATCHALL "OUTCOME\\.k[A-Za-z]+" used "${text}")
  list(REMOVE_DUPLICATES used)
  foreach(use IN LISTS used)
    string(REPLACE "OUTCOME." "" outcome "${use}")
    if(NOT DEFINED number_of_${outcome})
      message(FATAL_ERROR "${path}: no outcome is named ${outcome}")
    endif()
    string(REGEX REPLACE "OUTCOME\\.${outcome}([^A-Za-z])" "${number_of_${outcome}}\\1" text
           "${text}")
  endforeach()
  string(SHA1 sha1 "${text}")
  string(APPEND result "{\"${name}\", R\"lua(${text})lua\", \"${sha1}\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "${result}")
