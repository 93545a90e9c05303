import type { Check, Found } from '../check.ts';
import { setting, standbys } from '../fleet.ts';
import { duration } from '../say.ts';

/** A receiver without a time limit of its own is silent when it received nothing for so long. */
const SILENT_MS = 45_000;
const LEAST_MS = 10_000;

export const receiverSilent: Check = {
  id: 'receiver-silent',
  title: 'Every standby receives messages from its primary',
  why: 'When a network drops packets without closing the connection, a standby still shows "streaming" and gets nothing. It notices after wal_receiver_timeout; with 0 it never does.',
  incident:
    'Connections that hang when the network drops packets: node-postgres#2973, and 43 s of partition at GitHub in October 2018.',
  needs: ['servers'],
  find: (fleet) =>
    standbys(fleet).flatMap((node): readonly Found[] => {
      const timeoutMs = setting(node, 'wal_receiver_timeout') ?? 60_000;
      // A receiver asks for an answer after half of its time limit, so a healthy one is never silent for much longer.
      const limitMs = timeoutMs === 0 ? SILENT_MS : Math.max(LEAST_MS, timeoutMs * 0.75);
      const { receiver } = node.facts;
      if (receiver?.status === 'streaming' && (receiver.silentMs ?? 0) > limitMs) {
        return [
          {
            level: 'fault',
            where: node.id,
            evidence: `${node.id} shows "streaming", but received nothing for ${duration(receiver.silentMs ?? 0)}.`,
            fix: `Look at the network between ${node.id} and its primary, then restart the WAL receiver: SELECT pg_terminate_backend(pid) FROM pg_stat_wal_receiver.`,
          },
        ];
      }
      if (timeoutMs > 0) return [];
      return [
        {
          level: 'warning',
          where: node.id,
          evidence: `wal_receiver_timeout of ${node.id} is 0: it never notices a dead connection.`,
          fix: "Run ALTER SYSTEM SET wal_receiver_timeout = '60s' and SELECT pg_reload_conf() on it.",
        },
      ];
    }),
};
