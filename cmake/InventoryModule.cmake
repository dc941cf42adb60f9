# One folder, one target. The DEPS of a folder are both what it links and the only folders its
# files may include from; tools/check_layers.py holds the #includes to it.
#
#   inventory_module(service DEPS stock telemetry LIBS absl::status)
#   inventory_module(tools/inventoryctl DEPS client LIBS CLI11::CLI11 PROGRAM inventoryctl)
#
# The first builds every .cc of the current folder into a library; PROGRAM adds an executable of that
# name from main.cc. A file's suffix says what it is:
#   x_test.cc         a unit test that needs nothing
#   x_redis_test.cc   needs a redis-server       x_mysql_test.cc   needs a mariadbd
#   x_bench.cc        a benchmark                x_fuzz.cc         a libFuzzer target
#   x_main.cc         a program of that name, with - for _
#   x_preload.cc      a library of that name, for tests to put under a program with LD_PRELOAD
#   x_testing.h       shared by tests, never by what is shipped
# All _test.cc of a folder make one binary, <name>_test. ctest lists each of its tests, or, with
# TEST_AS_ONE NAME, the whole binary under that name: for a suite that judges itself at its end.
# All _mysql_test.cc make another, <name>_mysql_test, which may use tests/support (it starts the
# server) and is one test of ctest, <name>.mysql, so that its tests share a server. The same goes for
# _redis_test.cc. FUZZ_SECONDS: how long its fuzz targets look for something new as tests; by default 5.
function(inventory_module name)
  cmake_parse_arguments(ARG "" "PROGRAM;TEST_AS_ONE;FUZZ_SECONDS" "DEPS;LIBS;TEST_DEPS;TEST_LIBS" ${ARGN})
  string(REPLACE "/" "_" target "${name}")
  file(GLOB all CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz|preload|main)\\.cc$|/main\\.cc$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  foreach(server mysql redis)
    set(${server}_tests ${tests})
    list(FILTER ${server}_tests INCLUDE REGEX "_${server}_test\\.cc$")
    list(FILTER tests EXCLUDE REGEX "_${server}_test\\.cc$")
  endforeach()
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  set(preloads ${all})
  list(FILTER preloads INCLUDE REGEX "_preload\\.cc$")
  set(mains ${all})
  list(FILTER mains INCLUDE REGEX "_main\\.cc$")
  set(benches ${all})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")

  string(REPLACE "/" "_" deps "${ARG_DEPS}")
  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC inventory_flags ${deps} ${ARG_LIBS})
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE inventory_flags ${deps} ${ARG_LIBS})
  endif()
  if(ARG_PROGRAM)
    add_executable(${ARG_PROGRAM} main.cc)
    target_link_libraries(${ARG_PROGRAM} PRIVATE ${target})
  endif()

  foreach(source IN LISTS mains)
    get_filename_component(program "${source}" NAME_WE)
    string(REGEX REPLACE "_main$" "" program "${program}")
    string(REPLACE "_" "-" program "${program}")
    add_executable(${program} ${source})
    target_link_libraries(${program} PRIVATE ${target})
  endforeach()

  string(REPLACE "/" "_" test_deps "${ARG_TEST_DEPS}")
  if(tests AND BUILD_TESTING)
    add_executable(${target}_test ${tests})
    target_link_libraries(${target}_test PRIVATE ${target} ${test_deps} ${ARG_TEST_LIBS}
                                                 GTest::gmock_main)
    inventory_quick_to_build(${target}_test ${ARG_LIBS})
    if(ARG_TEST_AS_ONE)
      add_test(NAME ${ARG_TEST_AS_ONE} COMMAND ${target}_test)
      set_tests_properties(${ARG_TEST_AS_ONE} PROPERTIES TIMEOUT 900)
    else()
      gtest_discover_tests(${target}_test DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
    endif()
  endif()
  foreach(source IN LISTS preloads)
    get_filename_component(preload "${source}" NAME_WE)
    add_library(${preload} MODULE ${source})
    target_link_libraries(${preload} PRIVATE inventory_flags ${CMAKE_DL_LIBS})
  endforeach()
  foreach(server mysql redis)
    if(${server}_tests AND BUILD_TESTING)
      set(binary ${target}_${server}_test)
      add_executable(${binary} ${${server}_tests})
      target_link_libraries(${binary} PRIVATE ${target} tests_support ${test_deps} ${ARG_TEST_LIBS}
                                              GTest::gmock_main)
      inventory_quick_to_build(${binary} ${ARG_LIBS})
      add_test(NAME ${target}.${server} COMMAND ${binary})
      set_tests_properties(${target}.${server} PROPERTIES TIMEOUT 600)
    endif()
  endforeach()
  foreach(source IN LISTS benches)
    get_filename_component(bench "${source}" NAME_WE)
    add_executable(${bench} EXCLUDE_FROM_ALL ${source})
    target_link_libraries(${bench} PRIVATE ${target} ${test_deps} ${ARG_TEST_LIBS}
                                           benchmark::benchmark)
  endforeach()
  if(INVENTORY_FUZZ)
    foreach(source IN LISTS fuzzers)
      get_filename_component(fuzzer "${source}" NAME_WE)
      add_executable(${fuzzer} ${source})
      target_link_libraries(${fuzzer} PRIVATE ${target} ${test_deps} ${ARG_TEST_LIBS})
      target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
      inventory_fuzz_smoke(${fuzzer} "${ARG_FUZZ_SECONDS}")
    endforeach()
  endif()
endfunction()

# Compiling a test takes longer than running it, so it is not optimised, and with INVENTORY_PCH the
# headers that almost all of them read are compiled once, apart from gRPC's for those that link it.
function(inventory_quick_to_build test)
  target_compile_options(${test} PRIVATE -O0)
  if(NOT INVENTORY_PCH)
    return()
  endif()
  if("inventory_grpc" IN_LIST ARGN)
    target_precompile_headers(${test} REUSE_FROM grpc_test_headers)
  else()
    target_precompile_headers(${test} REUSE_FROM test_headers)
  endif()
endfunction()

function(inventory_test_headers name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBS" ${ARGN})
  set(empty "${CMAKE_CURRENT_BINARY_DIR}/${name}.cc")
  file(WRITE "${empty}" "")
  add_library(${name} OBJECT "${empty}")
  target_link_libraries(${name} PRIVATE inventory_flags GTest::gmock ${ARG_LIBS})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
  target_compile_options(${name} PRIVATE -O0)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # ccache wants it so.
    target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

# faulty_files(store_mysql ignore_duplicates INVENTORY_MYSQL_FAULT=kIgnoreDuplicates rows.cc) compiles
# the files of a library that look for a fault with that fault in them. A program that links
# store_mysql_ignore_duplicates and then the library has the fault: they take the place of their twins.
function(faulty_files library fault definition)
  add_library(${library}_${fault} OBJECT EXCLUDE_FROM_ALL ${ARGN})
  target_compile_definitions(${library}_${fault} PRIVATE ${definition})
  target_link_libraries(${library}_${fault} PUBLIC ${library})
  # Not shipped; and clang-tidy would look at a file once for each of its commands.
  set_target_properties(${library}_${fault} PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
endfunction()

# faulty_program(simulation store_embedded no_sync) adds simulation-no_sync: the program with that
# library's fault.
function(faulty_program program library fault)
  add_executable(${program}-${fault} $<TARGET_OBJECTS:${program}>)
  set_target_properties(${program}-${fault} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(${program}-${fault} PRIVATE ${library}_${fault}
                                                    $<TARGET_PROPERTY:${program},LINK_LIBRARIES>)
endfunction()

# A fuzzer as a test: the kept inputs of tests/corpus/<fuzzer>/, then a few seconds of new ones.
# What it finds goes to the build folder; a crash is worth keeping in the corpus.
function(inventory_fuzz_smoke fuzzer seconds)
  if(NOT seconds)
    set(seconds 5)
  endif()
  set(kept "${CMAKE_SOURCE_DIR}/tests/corpus/${fuzzer}")
  set(found "${CMAKE_BINARY_DIR}/corpus/${fuzzer}")
  if(NOT IS_DIRECTORY "${kept}")
    message(FATAL_ERROR "${fuzzer} has no kept inputs: put some into tests/corpus/${fuzzer}/")
  endif()
  file(MAKE_DIRECTORY "${found}")
  add_test(NAME fuzz.${fuzzer}
           COMMAND ${fuzzer} -verbosity=0 -print_final_stats=0 -max_total_time=${seconds} -timeout=10
                   -rss_limit_mb=2048
                   "-artifact_prefix=${found}/" "${found}" "${kept}")
  set_tests_properties(fuzz.${fuzzer} PROPERTIES TIMEOUT 120)
endfunction()
