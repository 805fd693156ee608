/**
 * Lets libraries that make `<style>` elements at run time (Radix, xterm.js) do so under our content security policy:
 * each gets the nonce of the page, which only code that already runs can read.
 */
export function allowStyleElements(): void {
  const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;
  if (!nonce) return;
  const create = document.createElement.bind(document) as (name: string, options?: ElementCreationOptions) => HTMLElement;
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (name === "style") element.nonce = nonce;
    return element;
  }) as typeof document.createElement;
}

/**
 * Lets xterm.js colour text: it writes `style` attributes, which our content security policy refuses, while the same
 * through the object model is allowed.
 */
export function allowStyleAttributes(): void {
  const set = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (this: Element, name: string, value: string): void {
    if (name === "style" && this instanceof HTMLElement) this.style.cssText = value;
    else set.call(this, name, value);
  };
}
