//! HTML: the frame around every page, and escaping.

/// Text that is HTML already.
pub(super) struct Markup(pub(super) String);

/// Text made safe, within elements and quoted attributes alike.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// A link, where the address is one that a browser may follow; else the text.
pub(super) fn link(address: &str, text: &str) -> String {
    let text = escape(text);
    if address.starts_with("http://") || address.starts_with("https://") {
        format!("<a href=\"{}\" rel=noreferrer>{text}</a>", escape(address))
    } else {
        text
    }
}

/// A whole page.
pub(super) fn page(title: &str, body: &Markup) -> String {
    let title = escape(title);
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width,initial-scale=1\">\
         <title>{title} · GitHub simulator</title><style>{STYLE}</style>\
         <header><a href=/>GitHub simulator</a> \
         <span>a stand-in for tests and demos, not GitHub</span></header>\
         <main><h1>{title}</h1>{}</main></html>",
        body.0
    )
}

const STYLE: &str = "
:root{color-scheme:light dark;--fg:#1c2128;--dim:#59636e;--bg:#fff;--soft:#f4f6f8;--line:#d5dae0;
--link:#0a58b5;--good:#177a3b;--bad:#b42318;--run:#8a5a00}
@media(prefers-color-scheme:dark){:root{--fg:#e4e8ec;--dim:#9aa4af;--bg:#12161b;--soft:#1b2128;
--line:#333c46;--link:#7fb4ff;--good:#5fca83;--bad:#ff8f85;--run:#e8b656}}
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--fg);
background:var(--bg)}header{padding:.6rem 1.2rem;background:var(--soft);
border-bottom:1px solid var(--line);color:var(--dim);font-size:13px}
header a{font-weight:600;margin-right:.6rem}main{max-width:60rem;margin:0 auto;padding:1rem 1.2rem 4rem}
h1{font-size:1.5rem;margin:.6rem 0 1rem}h2{font-size:1.05rem;margin:1.8rem 0 .5rem}
a{color:var(--link)}code,pre{font:13px/1.45 ui-monospace,monospace;overflow-wrap:anywhere}
pre{background:var(--soft);padding:.7rem .9rem;border-radius:6px;overflow-x:auto;white-space:pre-wrap}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:500}.dim{color:var(--dim)}.list{padding-left:1.1rem;margin:0}
.tag{border:1px solid var(--line);border-radius:1em;padding:0 .5em;font-size:12px;color:var(--dim)}
.good{color:var(--good)}.bad{color:var(--bad)}.run{color:var(--run)}
.box{border:1px solid var(--line);border-radius:6px;margin:0 0 1rem}
.box>p:first-child{margin:0;padding:.4rem .9rem;background:var(--soft);font-size:13px;color:var(--dim);
border-bottom:1px solid var(--line);border-radius:6px 6px 0 0}.box>div{padding:.5rem .9rem}
form{display:inline}label{display:block;margin:.4rem 0}input[type=text]{width:100%;max-width:24rem}
button,input,select{font:inherit;padding:.35rem .7rem;border:1px solid var(--line);border-radius:6px;
background:var(--soft);color:var(--fg)}button{cursor:pointer}
button.main{background:#1a7f37;border-color:#1a7f37;color:#fff}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
";
