# One folder, one target. The DEPS of a folder are both what it links and the only folders its
# files may include from; tools/check_layers.py holds the #includes to it.
#
#   inventory_module(service DEPS stock telemetry LIBS absl::status)
#
# builds every .cc of the current folder. A file's suffix says what it is:
#   x_test.cc         a unit test that needs nothing
#   x_redis_test.cc   needs a redis-server       x_mysql_test.cc   needs a mariadbd
#   x_bench.cc        a benchmark                x_fuzz.cc         a libFuzzer target
# All _test.cc of a folder make one binary, <name>_test.
function(inventory_module name)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS;TEST_DEPS;TEST_LIBS" ${ARGN})
  string(REPLACE "/" "_" target "${name}")
  file(GLOB all CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz|main)\\.cc$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
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

  string(REPLACE "/" "_" test_deps "${ARG_TEST_DEPS}")
  if(tests AND BUILD_TESTING)
    add_executable(${target}_test ${tests})
    target_link_libraries(${target}_test PRIVATE ${target} ${test_deps} ${ARG_TEST_LIBS}
                                                 GTest::gmock_main)
    gtest_discover_tests(${target}_test DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
  endif()
  foreach(source IN LISTS benches)
    get_filename_component(bench "${source}" NAME_WE)
    add_executable(${bench} EXCLUDE_FROM_ALL ${source})
    target_link_libraries(${bench} PRIVATE ${target} ${test_deps} benchmark::benchmark)
  endforeach()
  if(INVENTORY_FUZZ)
    foreach(source IN LISTS fuzzers)
      get_filename_component(fuzzer "${source}" NAME_WE)
      add_executable(${fuzzer} ${source})
      target_link_libraries(${fuzzer} PRIVATE ${target} ${test_deps})
      target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()
