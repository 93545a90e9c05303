import type { Random } from '../random.ts';

/** One client: the row that it was acknowledged last, and the token of that write. */
export interface Client {
  id: string | undefined;
  token: Readonly<Record<string, string>>;
}

/** The clients of a place that have no request under way. Each has at most one. */
export interface Clients {
  /** Undefined: so many requests are under way that the driver sends no more. */
  take(kind: 'read' | 'write'): Client | undefined;
  give(client: Client): void;
}

const MAX_CLIENTS = 100;

export function createClients(random: Random): Clients {
  const idle: Client[] = [];
  let made = 0;
  const takeFrom = (candidates: readonly Client[]): Client | undefined => {
    const chosen = candidates[Math.floor(random() * candidates.length)];
    if (chosen !== undefined) idle.splice(idle.indexOf(chosen), 1);
    return chosen;
  };
  return {
    take: (kind) => {
      // A client that has written nothing cannot miss anything.
      const first = kind === 'read' ? takeFrom(idle.filter(({ id }) => id !== undefined)) : undefined;
      const client = first ?? takeFrom(idle);
      if (client !== undefined || made >= MAX_CLIENTS) return client;
      made += 1;
      return { id: undefined, token: {} };
    },
    give: (client) => void idle.push(client),
  };
}
