import { RegionKitError } from '@regionkit/core';

const MESSAGES = {
  'insecure-url':
    'its URL must be https (http on loopback, or with development: true), without credentials, query and fragment',
  unreachable: 'its document could not be fetched in time',
  redirect: 'its server redirected: give the final URL',
  status: 'its server did not answer 200',
  'too-large': 'its document is larger than maxBytes',
  'not-json': 'its document is not a JSON object, or names a member twice',
  issuer: 'its document is of another issuer: issuerBaseURL must be the issuer that the tokens name',
  'keys-url':
    'its document has no jwks_uri that may be used: it must be https (http on loopback, or with development: true), without credentials',
  'foreign-keys': 'its keys are on another host: if they belong there, name that host in keysFrom',
  algorithm: 'it signs with none of the algorithms',
} as const;

/** Why the document of an identity provider is refused. The set is closed. */
export type DiscoveryReason = keyof typeof MESSAGES;

/** The document of an identity provider must not be used. At the start it is thrown; later the last good one stays. */
export class DiscoveryError extends RegionKitError<'ERR_SESSION_DISCOVERY'> {
  readonly reason: DiscoveryReason;

  constructor(reason: DiscoveryReason) {
    super('ERR_SESSION_DISCOVERY', `the identity provider is refused: ${MESSAGES[reason]}`, { status: 503 });
    this.reason = reason;
  }
}
