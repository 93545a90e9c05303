/**
 * The environment of the servers: nothing of ours (PGHOST, PGPASSWORD and their kin would reach into replication), and a
 * zone that is given, or initdb spends its time guessing it.
 */
export function serverEnv(): NodeJS.ProcessEnv {
  const { PATH, LD_LIBRARY_PATH, DYLD_LIBRARY_PATH } = process.env;
  return {
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(PATH !== undefined && { PATH }),
    ...(LD_LIBRARY_PATH !== undefined && { LD_LIBRARY_PATH }),
    ...(DYLD_LIBRARY_PATH !== undefined && { DYLD_LIBRARY_PATH }),
  };
}
