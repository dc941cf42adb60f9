# What `cmake --install` puts where, and the Debian package made of it (`./dev package`).
#
#   bin/                       inventory-service, inventoryctl, inventory-bench
#   /etc/inventory-service/    config.yaml: every setting, with its default
#   /etc/default/inventory-service    settings as environment variables: for passwords
#   lib/systemd/system/        the unit
#   share/doc/inventory-service/      README, CHANGELOG, docs/, the wire contract, Prometheus' rules, the
#                              dashboard
include(GNUInstallDirs)

install(TARGETS inventory-service inventoryctl inventory-bench RUNTIME)
# Where the unit looks for them, whatever the prefix; DESTDIR puts them elsewhere.
install(FILES deploy/config.yaml DESTINATION /etc/inventory-service)
install(FILES deploy/debian/default DESTINATION /etc/default RENAME inventory-service
        PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
install(FILES deploy/systemd/inventory-service.service DESTINATION lib/systemd/system)
install(FILES README.md README.zh-CN.md CHANGELOG.md ARCHITECTURE.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY deploy/grafana deploy/prometheus DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY docs proto/inventory DESTINATION "${CMAKE_INSTALL_DOCDIR}"
        FILES_MATCHING PATTERN "*.md" PATTERN "*.svg" PATTERN "*.png" PATTERN "*.proto")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}" RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME inventory-service)
set(CPACK_PACKAGE_CONTACT "The inventory-service authors <inventory-service@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "stock service that never sells a unit twice and never loses one")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"It takes, holds and gives back units of stock over gRPC and HTTP, exactly once for ever, from a
store of its own, MySQL or MariaDB, or Redis with a database behind it. This package has the service
with its systemd unit, the command-line tool inventoryctl and the load generator inventory-bench.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "mariadb-server, redis-server, prometheus")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${CMAKE_SOURCE_DIR}/deploy/debian/conffiles" "${CMAKE_SOURCE_DIR}/deploy/debian/postinst"
    "${CMAKE_SOURCE_DIR}/deploy/debian/prerm" "${CMAKE_SOURCE_DIR}/deploy/debian/postrm")
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON)
include(CPack)
