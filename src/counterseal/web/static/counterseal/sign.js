// The passkey signs the digest that stands on the page; nothing else is sent.
"use strict";
const form = document.getElementById("sign");
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const hex = (given) => Array.from(given, (one) => one.toString(16).padStart(2, "0")).join("");

if (form) {
  const told = document.getElementById("told");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const challenge = bytes(form.dataset.challenge);
    if (hex(challenge) !== document.getElementById("digest").textContent.trim()) {
      told.textContent = "The page is not whole. Load it again.";
      return;
    }
    const button = form.querySelector("button");
    button.disabled = true;
    told.textContent = "Waiting for your passkey.";
    try {
      const given = await navigator.credentials.get({
        publicKey: {
          challenge,
          rpId: form.dataset.site,
          allowCredentials: form.dataset.keys.split(" ").map((id) => ({ type: "public-key", id: bytes(id) })),
          userVerification: "required",
        },
      });
      form.elements.credential.value = text(given.rawId);
      for (const part of ["authenticatorData", "clientDataJSON", "signature"]) {
        form.elements[part].value = text(given.response[part]);
      }
      told.textContent = "Signed. Entering it in the ledger.";
      form.submit();
    } catch {
      told.textContent = "Nothing was signed: the passkey did not answer, or you declined. Try again, or leave it.";
      button.disabled = false;
    }
  });
}
