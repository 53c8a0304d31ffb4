# Installs the job scripts that work without the sources. A batch script runs as a copy elsewhere, so the
# installed ones hold the name of their folder and of the installed program. Run by `cmake --install`, with
# RB_SOURCE, RB_BINARY and what GNUInstallDirs calls CMAKE_INSTALL_DATADIR and CMAKE_INSTALL_BINDIR.
foreach(kind DATADIR BINDIR)
  get_filename_component(${kind} "${CMAKE_INSTALL_${kind}}" ABSOLUTE BASE_DIR "${CMAKE_INSTALL_PREFIX}")
endforeach()
set(RB_JOBS "${DATADIR}/rheobase/jobs")
string(REPLACE "'" "'\\''" jobs_in_quotes "${RB_JOBS}")
string(REPLACE "'" "'\\''" program_in_quotes "${BINDIR}/rheobase")

foreach(script environment.sh stages.sh sweep.sh study.sbatch calibration_array.sbatch scaling.sbatch)
  file(READ "${RB_SOURCE}/jobs/${script}" text)
  string(REPLACE "RB_JOBS=jobs\n" "RB_JOBS='${jobs_in_quotes}'\n" text "${text}")
  string(REPLACE "RB_PROGRAM=rheobase\n" "RB_PROGRAM='${program_in_quotes}'\n" text "${text}")
  file(WRITE "${RB_BINARY}/jobs/${script}" "${text}")
  file(INSTALL "${RB_BINARY}/jobs/${script}" DESTINATION "${RB_JOBS}"
       PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endforeach()
