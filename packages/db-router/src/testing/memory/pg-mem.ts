/** A copy of all data at one moment. */
export interface MemoryBackup {
  restore(): void;
}

export interface MemoryResult {
  readonly command: string;
  readonly rowCount: number;
  readonly fields: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** The parts of a database of pg-mem that are used: what `newDb()` returns. */
export interface MemoryDb {
  backup(): MemoryBackup;
  readonly public: {
    query(sql: string): MemoryResult;
    registerFunction(
      definition: {
        readonly name: string;
        readonly args: never[];
        readonly returns: never;
        readonly impure: boolean;
        readonly implementation: () => string | number | boolean | null;
      },
      orReplace: boolean,
    ): unknown;
  };
}
