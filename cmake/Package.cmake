# What `cmake --install` puts where, and the Debian package that CPack makes of it:
#
#   cmake --preset release && cmake --build --preset release && (cd build/release && cpack)
#
# Its dependencies are those that dpkg-shlibdeps finds, so it is for the suite that it was built on.
include(GNUInstallDirs)
# Of all that is built only the programs are installed.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

install(TARGETS tidemarkd tidemark RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tidemark)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/tidemark COMPONENT tidemark)
install(FILES deploy/tidemarkd.example.yaml DESTINATION /etc/tidemark RENAME tidemarkd.yaml COMPONENT tidemark)
install(FILES deploy/debian/tidemarkd.service DESTINATION lib/systemd/system COMPONENT tidemark)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tidemark)
set(CPACK_PACKAGE_VENDOR Tidemark)
set(CPACK_PACKAGE_CONTACT "Tidemark <tidemark@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "change data capture into one exact, durable stream")
set(CPACK_PACKAGE_DESCRIPTION
    "Tidemark tails the log of PostgreSQL, MySQL or MariaDB, merges snapshots of tables into it exactly,
and serves the durable stream over gRPC and to Kafka.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL tidemark)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The user is made with useradd.
set(CPACK_DEBIAN_PACKAGE_DEPENDS passwd)
# Converters of charsets are in a package of their own from Debian 14 on.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, libc-gconv-modules-extra | libc6 (<< 2.42)")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/deploy/debian/conffiles ${PROJECT_SOURCE_DIR}/deploy/debian/postinst
    ${PROJECT_SOURCE_DIR}/deploy/debian/prerm ${PROJECT_SOURCE_DIR}/deploy/debian/postrm)
include(CPack)
