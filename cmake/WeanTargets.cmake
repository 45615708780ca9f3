# One function for each kind of target, so that every folder's CMakeLists.txt only says what is its own.

# wean_add_library(name SOURCES ... [LINK wean::x ...] [PRIVATE third_party ...])
# A static, position-independent library with the alias wean::<name without wean_>. LINK is visible to users of the
# library (its headers include theirs); PRIVATE third parties are not.
function(wean_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  string(REGEX REPLACE "^wean_" "" short ${name})
  add_library(wean::${short} ALIAS ${name})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE wean_compile ${ARG_PRIVATE})
  target_include_directories(${name} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>")
  set(first_source CMakeLists.txt)  # targets whose sources come later: their own folder
  if(ARG_SOURCES)
    list(GET ARG_SOURCES 0 first_source)
  endif()
  wean_record_links(${name} "${first_source}" ${ARG_LINK} ${ARG_PRIVATE})
endfunction()

# wean_record_links(name source linked ...): notes the edges of the target that holds `source`, for the layering test.
function(wean_record_links name source)
  get_filename_component(folder "${CMAKE_CURRENT_SOURCE_DIR}/${source}" DIRECTORY)
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${folder}")
  string(REPLACE ";" " " linked "${ARGN}")
  set_property(GLOBAL APPEND PROPERTY WEAN_LINKS "${name} ${folder}: ${linked}")
endfunction()

# wean_add_tool(wean-pack MAIN main.cc CORE wean::pack): an executable with its core and the shared command line.
function(wean_add_tool name)
  cmake_parse_arguments(ARG "" "MAIN;CORE" "" ${ARGN})
  add_executable(${name} ${ARG_MAIN})
  target_link_libraries(${name} PRIVATE wean_compile ${ARG_CORE} wean::cli)
  wean_record_links(${name} "${ARG_MAIN}" ${ARG_CORE} wean::cli)
  set_property(GLOBAL APPEND PROPERTY WEAN_TOOLS ${name})
endfunction()

# wean_add_test(name SOURCES ... LINK ... [LABELS unit|e2e|fuzz|...]): a GoogleTest executable, one ctest entry a case.
function(wean_add_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS;DEFINITIONS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE wean_compile ${ARG_LINK} GTest::gtest_main GTest::gmock)
  target_compile_definitions(${name} PRIVATE WEAN_SOURCE_DIR="${PROJECT_SOURCE_DIR}" ${ARG_DEFINITIONS})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
