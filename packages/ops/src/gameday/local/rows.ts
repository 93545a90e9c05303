import type { ServerName } from './names.ts';
import type { Stage } from './stage.ts';

/** How many rows a server has. Read without any network fault. */
export async function rowsOn({ lab }: Stage, server: ServerName): Promise<number> {
  const [row] = await lab.region(server).query<{ count: number }>('SELECT count(*)::int AS count FROM drill');
  return row?.count ?? 0;
}
