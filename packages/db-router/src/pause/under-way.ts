/** Counts the writes of this process that have started and not ended: what a pause waits for. */
export interface UnderWay {
  /** A write has started. Every call needs one of {@link end}. */
  begin(): void;
  end(): void;
  /** A client of the primary was leased for writing. It counts until it is given back. */
  lease(client: object): void;
  giveBack(client: object): void;
  readonly count: number;
}

export function createUnderWay(): UnderWay {
  const leased = new Set<object>();
  let running = 0;
  return {
    begin: () => {
      running += 1;
    },
    end: () => {
      running -= 1;
    },
    lease: (client) => void leased.add(client),
    giveBack: (client) => {
      if (leased.size > 0) leased.delete(client);
    },
    get count() {
      return running + leased.size;
    },
  };
}
