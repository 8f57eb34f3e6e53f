# add_module(<name> [DEPENDS <module>…] [LIBRARIES <target>…] [PRIVATE_LIBRARIES <target>…])
#
# Makes the static library scale_<name> from src/<name>/*.cpp (subfolders included) and, where tests/<name>/*_test.cpp
# exist, one GoogleTest program test_<name> from them, run by ctest. The declared dependencies are written to
# module_dependencies.txt in the build folder, which tests/architecture compares with the #include lines.
file(WRITE ${CMAKE_BINARY_DIR}/module_dependencies.txt "")

# The paths of a checkout stand in this one file, so that all other tests compile to the same in every checkout (ccache).
add_library(test_paths STATIC ${PROJECT_SOURCE_DIR}/tests/support/paths.cpp)
target_include_directories(test_paths PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(test_paths PRIVATE scale_options)
target_compile_definitions(test_paths PRIVATE SCALE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" SCALE_BINARY="$<TARGET_FILE:scale>")

function(add_module name)
  cmake_parse_arguments(module "" "" "DEPENDS;LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  file(APPEND ${CMAKE_BINARY_DIR}/module_dependencies.txt "${name}: ${module_DEPENDS}\n")
  set(linked ${module_LIBRARIES})
  foreach(dependency ${module_DEPENDS})
    list(APPEND linked scale_${dependency})
  endforeach()

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  add_library(scale_${name} STATIC ${sources})
  target_include_directories(scale_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(scale_${name} PUBLIC ${linked} PRIVATE scale_options ${module_PRIVATE_LIBRARIES})

  file(GLOB_RECURSE tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${name}/*_test.cpp)
  if(tests)
    add_executable(test_${name} ${tests})
    target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(test_${name} PRIVATE scale_${name} scale_options test_paths ${module_PRIVATE_LIBRARIES}
                          GTest::gtest GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND test_${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 600)
    if(name MATCHES "^(engine|rollout|client)$")  # they measure speed, or bound processor time
      set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
    endif()
  endif()
endfunction()
