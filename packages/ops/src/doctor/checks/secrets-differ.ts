import type { Check, Found } from '../check.ts';
import { names } from '../say.ts';

/** The warnings with which health reports that the fingerprints of a secret differ. */
export const SECRET_WARNINGS: Readonly<Record<string, string>> = {
  REGIONKIT_PEER_SECRET: 'peers.secret of createHealth',
  REGIONKIT_FORWARD_SECRET: 'forward.secret of createWriteGate',
  REGIONKIT_TOKEN_SECRET: 'token.secret of createRegionRouter',
};

export const secretsDiffer: Check = {
  id: 'secrets-differ',
  title: 'All regions have the same secrets',
  why: 'A region with another secret looks healthy alone. On the day of the failover its users are logged out, its forwarded writes are refused, and read-your-writes is lost.',
  incident: 'A promoted node without the secrets locks everybody out: gitea#16832.',
  needs: ['detail'],
  find: ({ config, front }) =>
    front.regions.flatMap(({ region, health, warnings }): readonly Found[] => {
      // A region that does not answer is a finding of its health path.
      if (warnings === undefined) return config.healthToken !== undefined && health.ok ? [hidden(region)] : [];
      const options = Object.keys(SECRET_WARNINGS).filter((code) => code in warnings);
      if (options.length === 0) return [];
      return [
        {
          level: 'fault',
          where: region,
          evidence: `${region} reports that another region has a different ${names(options.map((code) => SECRET_WARNINGS[code] as string))}.`,
          fix: 'Give every region the same value, for example from one replicated secret, and restart the processes.',
        },
      ];
    }),
};

const hidden = (region: string): Found => ({
  level: 'unknown',
  where: region,
  evidence: `${region} did not show the detail of its health, so its secrets were not compared.`,
  fix: 'Correct healthToken in the configuration: it must be the token of createHealth in every region.',
});
