// Somebody at the office, who decides over the API while a phone is away. SITE and PASSWORD say where, and with what.

export class Office {
  static async signIn(username) {
    const office = new Office();
    const tokens = await office.call("POST", "token/", { username, password: process.env.PASSWORD });
    office.access = tokens.access;
    return office;
  }

  async call(method, path, body) {
    const headers = { "Content-Type": "application/json", Authorization: this.access ? `Bearer ${this.access}` : "" };
    const asked = { method, headers, body: body && JSON.stringify(body) };
    const answer = await fetch(`${process.env.SITE}/api/v1/${path}`, asked);
    const said = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(said)}`);
    return said;
  }

  /** The one row of a list that is meant. */
  async one(path, is) {
    const found = (await this.call("GET", path)).results.find(is);
    if (!found) throw new Error(`${path} has no such row`);
    return found;
  }

  user(username) {
    return this.one(`users/?search=${username}`, (one) => one.username === username);
  }

  /** What this operation has brought before a supervisor, and nobody has decided. */
  exception({ client_temp_id }) {
    const path = "sync/exceptions/?state=open&ordering=-id";
    return this.one(path, ({ operation }) => operation.client_temp_id === client_temp_id);
  }

  /** So many full ones are on a truck, by the books. */
  holds(vehicle, equipment_id, quantity) {
    const place = { entity: "truck", entity_id: vehicle };
    return this.call("POST", "inventories/update/", { ...place, equipment_id, condition: "FULL", quantity });
  }

  /** A supervisor tries it again. */
  async retry(operation) {
    return this.call("POST", `sync/exceptions/${(await this.exception(operation)).id}/retry/`, {});
  }
}
