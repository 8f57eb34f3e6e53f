# The targets engine_libraries and engine_headers: llama.cpp's static libraries and its headers, from the prefix in SCALE_ENGINE.
if(NOT EXISTS "${SCALE_ENGINE}/complete")
  message(FATAL_ERROR "SCALE_ENGINE is '${SCALE_ENGINE}', which is not a finished engine build; "
                      "run 'make build', or pass -DSCALE_ENGINE=$(scripts/build_engine.sh)")
endif()
find_package(OpenMP REQUIRED COMPONENTS CXX)
# SYSTEM: the engine's headers are not held to our warnings. Only src/engine links them.
add_library(engine_headers INTERFACE)
target_include_directories(engine_headers SYSTEM INTERFACE ${SCALE_ENGINE}/include ${SCALE_ENGINE}/include/common)
add_library(engine_libraries INTERFACE)
target_link_libraries(engine_libraries INTERFACE
  -Wl,--start-group
  ${SCALE_ENGINE}/lib/libllama-common.a ${SCALE_ENGINE}/lib/libllama-common-base.a ${SCALE_ENGINE}/lib/libllama.a
  ${SCALE_ENGINE}/lib/libggml.a ${SCALE_ENGINE}/lib/libggml-cpu.a ${SCALE_ENGINE}/lib/libggml-base.a
  ${SCALE_ENGINE}/lib/libcpp-httplib.a
  -Wl,--end-group
  OpenMP::OpenMP_CXX ${CMAKE_DL_LIBS})
