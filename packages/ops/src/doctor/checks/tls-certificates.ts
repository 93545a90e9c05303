import type { Check, Found } from '../check.ts';
import { duration } from '../say.ts';

const DAY_MS = 86_400_000;

const REFUSALS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for other names',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'has an issuer that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'comes without its intermediate certificates',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has an issuer that is not trusted',
};

export const tlsCertificates: Check = {
  id: 'tls-certificates',
  title: 'Every region has a valid certificate for its own name and for the global names',
  why: 'After a failover clients come to another region with the global name. If its certificate lacks that name, or was renewed in the busy region alone, every client is refused, while health checks, which verify no certificate, stay green.',
  incident: 'A region that is healthy for its checkers and refused by its clients.',
  needs: ['certificates'],
  find: ({ config, front, nowMs }) =>
    front.certificates.flatMap(({ region, name, certificate }): readonly Found[] => {
      const subject = `The certificate of ${region} for ${name}`;
      // A region that does not answer at all is a finding of its health path.
      if (!certificate.ok) {
        if (certificate.why !== 'certificate') {
          const isUp = front.regions.some((one) => one.region === region && one.health.ok);
          if (!isUp) return [];
          return [
            {
              level: 'unknown',
              where: region,
              evidence: `${subject} could not be read (${certificate.why}), though ${region} answers.`,
              fix: `Ask for it from here: openssl s_client -servername ${name} -connect, with the address of ${region}.`,
            },
          ];
        }
        return [
          {
            level: 'fault',
            where: region,
            evidence: `${region} ends the TLS handshake for ${name}.`,
            fix: `Add a certificate for ${name} to what ends TLS in ${region}.`,
          },
        ];
      }
      const { endsAtMs, refusedBy } = certificate.value;
      if (refusedBy !== undefined) {
        return [
          {
            level: 'fault',
            where: region,
            evidence: `${subject} ${REFUSALS[refusedBy] ?? `is refused by clients (${refusedBy})`}.`,
            fix: `Install a certificate for ${name} in ${region}; name a private issuer in caFile.`,
          },
        ];
      }
      const leftMs = endsAtMs - nowMs;
      if (leftMs > config.limits.certificateDays * DAY_MS) return [];
      return [
        {
          level: 'warning',
          where: region,
          evidence: `${subject} ends in ${duration(leftMs)}.`,
          fix: `Renew it, and find out why it was not renewed by itself in ${region}.`,
        },
      ];
    }),
};
