/** What the exit code of a command says. Documented, so that a script may rely on it. */
export const EXIT = {
  /** Everything that was asked was examined, and it is well. */
  ok: 0,
  /** A fault was found, or a step failed. */
  fault: 1,
  /** The command line or the configuration is wrong. Nothing was done. */
  usage: 2,
  /** Something could not be examined. Never reported as 0. */
  unknown: 3,
  /** A safety rule refused. Nothing was done. */
  refused: 4,
  /** A part was done. The command names how to go on. */
  partly: 5,
  /** An objective was missed (gameday). */
  objective: 6,
  /** Writes were lost, and all of them are listed (salvage). */
  lost: 10,
  /** SIGINT, SIGTERM or SIGHUP: ended by the user, or because the terminal has gone. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
