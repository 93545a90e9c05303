export default {
  serverExternalPackages: ['regionkit', 'pg'],
  // Next drops the Content-Encoding of what a route handler answers: a forwarded answer must come as it is.
  compress: false,
};
