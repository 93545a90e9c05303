/** What a read must see. A `system` of no database means: only the primary will do. */
export interface Need {
  readonly system: string;
  readonly timeline: number;
  readonly owner: string;
  readonly lsn: bigint;
}

/** Nothing but the primary will do. */
export const PRIMARY_ONLY: Need = { system: '', timeline: 0, owner: '', lsn: 0n };
