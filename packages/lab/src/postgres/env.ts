/**
 * The environment of the servers. It contains none of our variables: PGHOST, PGPASSWORD and similar ones would affect
 * replication. The time zone is set, because initdb needs time to guess it.
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
