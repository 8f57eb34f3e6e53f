# Debian package and tarball, by `make package`. Both hold a build for the processor that it was made on, unless the
# engine was built for a baseline (scripts/build_engine.sh, SCALE_ENGINE_CPU).
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME scale)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "scale maintainers <maintainers@users.noreply.scale.example>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "language models from a constraint to quantised production")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Takes a language model through five ordered stages to a quantised model in
production: set the constraint, choose precision and format by a kernel trial,
assemble calibration from real traffic and quantise, lock in quality by a gate
declared beforehand, evaluate on live traffic behind a gateway with automatic
rollback. A record proves the way.")
include(CPack)
