// A real OpenID Connect provider for tests: node tests/provider.mjs <node_modules> <settings as JSON>.
// Its people are read anew from a file each time, so that a test can change what it says of them.
import { readFileSync } from "node:fs";

const { Provider } = await import(`${process.argv[2]}/oidc-provider/lib/index.js`);
const { issuer, port, people, back, out, noticed } = JSON.parse(process.argv[3]);
console.warn = console.info = () => {};

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "podo",
      client_secret: "not-very-secret",
      redirect_uris: [back],
      post_logout_redirect_uris: [out],
      backchannel_logout_uri: noticed,
      backchannel_logout_session_required: true,
    },
  ],
  claims: { openid: ["sub"], profile: ["name", "locale"], email: ["email", "email_verified"], groups: ["groups"] },
  scopes: ["openid", "profile", "email", "groups"],
  features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  cookies: { keys: ["for tests alone"] },
  // Its own guard refuses loopback, where everything of a test is.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  pkce: { required: () => true },
  ttl: { Interaction: 600, Session: 3600, Grant: 3600, AccessToken: 600, IdToken: 600 },
  findAccount: (_, sub) => {
    const known = JSON.parse(readFileSync(people))[sub];
    return known && { accountId: sub, claims: () => ({ sub, ...known }) };
  },
});
provider.on("server_error", (_, error) => console.error(error));
provider.on("backchannel.error", (_, error) => console.error(error));
provider.listen(port, "127.0.0.1", () => console.log("listening"));
