export * from '@regionkit/session';
