# Warnings and sanitizers for our own targets; outside libraries see neither.
add_library(scale_options INTERFACE)
target_compile_options(scale_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wnull-dereference -Wformat=2 -Werror)
if(SCALE_SANITIZE STREQUAL "address")
  target_compile_options(scale_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(scale_options INTERFACE -fsanitize=address,undefined)
elseif(SCALE_SANITIZE STREQUAL "thread")
  target_compile_options(scale_options INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(scale_options INTERFACE -fsanitize=thread)
elseif(NOT SCALE_SANITIZE STREQUAL "")
  message(FATAL_ERROR "SCALE_SANITIZE is '${SCALE_SANITIZE}'; use address or thread")
endif()
# g++ 12 reports false positives of this warning inside its own <string> and <regex> once they are inlined; the
# sanitizer builds inline differently and add more of the same kind.
target_compile_options(scale_options INTERFACE -Wno-null-dereference)
if(SCALE_SANITIZE)
  target_compile_options(scale_options INTERFACE -Wno-maybe-uninitialized)
endif()
