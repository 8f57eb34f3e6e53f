# embed_web(<target> <entry>)
#
# Builds the page web/<entry>/index.html with Vite into one self-contained file and compiles it into the target, whose
# code finds it as `extern const std::string_view scale::web::<entry>_page`. Built again only when web/ has changed.
function(embed_web target entry)
  set(web ${PROJECT_SOURCE_DIR}/web)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${web}/${entry}/* ${web}/shared/*)
  set(output ${PROJECT_BINARY_DIR}/web/${entry}.cpp)
  add_custom_command(OUTPUT ${output}
    COMMAND ${PROJECT_SOURCE_DIR}/scripts/build_web.sh ${entry} ${PROJECT_BINARY_DIR}/web
    DEPENDS ${sources} ${web}/package.json ${web}/package-lock.json ${web}/tsconfig.json ${web}/vite.config.ts
            ${PROJECT_SOURCE_DIR}/scripts/build_web.sh ${PROJECT_SOURCE_DIR}/scripts/web_modules.sh
    COMMENT "Building web/${entry}" VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
