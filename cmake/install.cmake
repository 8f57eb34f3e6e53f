# `make install` and the packages: the program, the engine's server, completions and the manual page (both written by
# the program itself, so that they are of this build).
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # the tests are not installed, and need not be built for it
set(written ${PROJECT_BINARY_DIR}/written)
set(completions)
foreach(shell bash zsh fish)
  list(APPEND completions COMMAND scale completion ${shell} > ${written}/scale.${shell})
endforeach()
add_custom_command(OUTPUT ${written}/scale.1.gz ${written}/changelog.gz
  COMMAND ${CMAKE_COMMAND} -E make_directory ${written}
  ${completions}
  COMMAND scale manual > ${written}/scale.1
  COMMAND gzip -9nf ${written}/scale.1
  COMMAND ${CMAKE_STRIP} -o ${written}/llama-server ${SCALE_ENGINE}/bin/llama-server
  COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/packaging/changelog > ${written}/changelog.gz
  DEPENDS scale ${PROJECT_SOURCE_DIR}/packaging/changelog VERBATIM)
add_custom_target(written_files ALL DEPENDS ${written}/scale.1.gz)

set(documentation ${CMAKE_INSTALL_DATADIR}/doc/scale)
install(TARGETS scale RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(PROGRAMS ${written}/llama-server DESTINATION lib/scale)
install(FILES ${written}/scale.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${written}/scale.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME scale)
install(FILES ${written}/scale.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _scale)
install(FILES ${written}/scale.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES ${written}/changelog.gz ${PROJECT_SOURCE_DIR}/packaging/copyright ${PROJECT_SOURCE_DIR}/README.md
        DESTINATION ${documentation})
