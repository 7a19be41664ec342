//! What HTML hides, what it must not lose, and which of its links are offered (SAFETY H2, H4, D8).

use super::{body, shown_html};

fn is_shown(html: &str) -> bool {
    let (lines, ..) = shown_html(&format!("<body>seen {html} too</body>"));
    let text = lines.join(" ");
    assert!(
        text.contains("seen") && text.contains("too"),
        "{html}: {text}"
    );
    text.contains('X')
}

#[test]
fn h2_tricks_of_preheaders_and_style_sheets_hide() {
    let shown: Vec<&str> = [
        "<div style='mso-hide:all;display:none'>X</div>",
        "<div style='mso-hide:all;max-height:0px;overflow:hidden'>X</div>",
        "<div style=\"display:none!important\">X</div>",
        "<div style='max-height:0;overflow:hidden'>X</div>",
        "<div style='overflow:hidden;max-height:0px;'>X</div>",
        "<div style='height:0;width:0;overflow:hidden'>X</div>",
        "<div style='max-height:1px;overflow:hidden;font-size:1px;line-height:1px'>X</div>",
        "<div style='max-height:0;overflow-y:hidden'>X</div>",
        "<span style='font-size:1px;color:#ffffff;line-height:1px;max-height:0px;max-width:0px;opacity:0;overflow:hidden'>X</span>",
        "<span style='font-size:0.1em'>X</span>",
        "<span style='font-size:1%'>X</span>",
        "<span style='font:0/0 a'>X</span>",
        "<span style='opacity:0.0'>X</span>",
        "<span style='opacity:0%'>X</span>",
        "<span style='filter:alpha(opacity=0)'>X</span>",
        "<span style='color:rgba(0,0,0,0)'>X</span>",
        "<span style='color:rgb(255 255 255)'>X</span>",
        "<span style='color:#ffffffff'>X</span>",
        "<span style='color:hsl(0,0%,100%)'>X</span>",
        "<span style='color:white !important'>X</span>",
        "<span style='clip:rect(0 0 0 0);position:absolute'>X</span>",
        "<span style='clip-path:inset(100%)'>X</span>",
        "<span style='transform:scale(0)'>X</span>",
        "<span style='position:absolute;top:-10000px'>X</span>",
        "<span style='margin-left:-9999px'>X</span>",
        "<span style='text-indent:-10000em'>X</span>",
        "<p hidden=''>X</p>",
        "<p HIDDEN>X</p>",
        "<style>.w{color:#fff}</style><p class=w>X</p>",
        "<style>p.w{color:#fff}</style><p class=w>X</p>",
        "<style>body .w, td .w {display:none}</style><p class='q w'>X</p>",
        "<style>#a.w{display:none}</style><p class=w id=a>X</p>",
        "<style>div.pre > span.w{font-size:1px}</style><div class=pre><span class=w>X</span></div>",
        "<style>*[class=w]{display:none}</style><p class=w>X</p>",
        "<style><!-- .w{display:none} --></style><p class=w>X</p>",
        "<style>.w{background:#123456}.w{color:#123456}</style><p class=w>X</p>",
        "<table bgcolor=black><tr><td><font color='#000000'>X</font></td></tr></table>",
        "<noscript hidden>X</noscript>",
        "<input type=hidden value=X>",
        "<textarea>X</textarea>",
        "<button style='display:none'>X</button>",
        "<details style='visibility:hidden'>X</details>",
        "<title>X</title>",
        "<!--[if mso]>X<![endif]-->",
    ]
    .into_iter()
    .filter(|hidden| is_shown(hidden))
    .collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn h2_honest_newsletters_keep_their_words() {
    let lost: Vec<&str> = [
        "<!--[if !mso]><!-->X<!--<![endif]-->",
        "<table style='font-size:0;line-height:0'><tr><td style='font-size:16px;line-height:20px'>X</td></tr></table>",
        "<td style='font-size:0px'><div style='font-size:13px'>X</div></td>",
        "<table bgcolor='#000000'><tr><td style='color:#ffffff'>X</td></tr></table>",
        "<div style='background-color:#1a1a1a'><a style='color:white'>X</a></div>",
        "<div style='background-image:url(a.png);color:#ffffff'>X</div>",
        "<div style='background:linear-gradient(red,blue);color:#fff'>X</div>",
        "<style>@media (max-width:600px){.m{display:none!important}}</style><p class=m>X</p>",
        "<style>@media (prefers-color-scheme:dark){.m{color:#fff}}</style><p class=m>X</p>",
        "<style>.m:hover{display:none}</style><p class=m>X</p>",
        "<style>a:visited{color:#fff}</style><a href='http://x.test/'>X</a>",
        "<style>p.other{display:none}</style><p class=m>X</p>",
        "<style>.a .b{display:none}</style><p class=b>X</p>",
        "<style>.ExternalClass{width:100%} #outlook a{padding:0}</style><p>X</p>",
        "<div style='max-height:400px;overflow:hidden'>X</div>",
        "<div style='overflow:hidden;width:100%'>X</div>",
        "<div style='max-width:0 auto;overflow:visible'>X</div>",
        "<div style='height:0'>X</div>",
        "<span style='opacity:0.7'>X</span>",
        "<span style='font-size:10px'>X</span>",
        "<span style='font-size:80%'>X</span>",
        "<span style='font-size:small'>X</span>",
        "<span style='color:#767676'>X</span>",
        "<span style='color:inherit'>X</span>",
        "<span style='text-indent:-20px'>X</span>",
        "<span style='margin-left:-8px'>X</span>",
        "<div style='mso-hide:all'>X</div>",
        "<font size=1>X</font>",
        "<div style='visibility:hidden'><b style='visibility:visible'>X</b></div>",
    ]
    .into_iter()
    .filter(|seen| !is_shown(seen))
    .collect();
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

#[test]
fn h2_white_on_a_dark_page_is_shown() {
    let (lines, ..) =
        shown_html("<body style='background:#000'><p style='color:#fff'>X</p></body>");
    assert_eq!(lines, ["X"]);
}

#[test]
fn d8_only_honest_schemes_become_links() {
    for (href, offered) in [
        ("https://x.test/", true),
        ("http://x.test/", true),
        ("HTTPS://x.test/", true),
        ("mailto:a@x.test", true),
        ("&#104;ttps://x.test/", true),
        ("javascript:alert(1)", false),
        (" javascript:alert(1)", false),
        ("java\tscript:alert(1)", false),
        ("&#106;avascript:alert(1)", false),
        ("data:text/html,x", false),
        ("vbscript:x", false),
        ("file:///etc/passwd", false),
        ("mailbox:///x", false),
        ("imap://x.test/", false),
        ("ftp://x.test/", false),
        ("smb://x.test/", false),
        ("ssh://x.test", false),
        ("tel:+123", false),
        ("news:x", false),
        ("about:config", false),
        ("chrome://x", false),
        ("x-apple:1", false),
        ("cid:a", false),
        ("//x.test/", false),
        ("/path", false),
        ("#here", false),
        ("", false),
        ("https://", false),
        ("https://x.test/\u{202e}", false),
        ("https://x.test/&#27;]8;;", false),
        ("https://x.test\\@evil.test/", false),
    ] {
        let (lines, _, links) = shown_html(&format!("<a href=\"{href}\">words</a>"));
        assert_eq!(links.len() == 1, offered, "{href}");
        assert!(lines.join(" ").contains("words"), "{href}");
    }
}

#[test]
fn d8_a_text_that_names_another_host_warns() {
    for (text, href, warned) in [
        ("https://bank.example/login", "https://evil.test/", true),
        ("<b>www.bank.example</b>", "https://evil.test/", true),
        ("bank.<i></i>example", "https://evil.test/", true),
        ("ＢＡＮＫ.example", "https://evil.test/", true),
        ("bank.example", "https://bank.example.evil.test/", true),
        ("bank.example", "https://bank.example@evil.test/", true),
        (
            "https://bank.example",
            "https://evil.test/?u=https://bank.example",
            true,
        ),
        ("ann@bank.example", "mailto:ann@bank.example", false),
        ("ceo@bank.example", "mailto:evil@x.test", true),
        ("bank.example", "https://www.bank.example/", false),
        ("Click here", "https://evil.test/", false),
        ("Version 2.10", "https://x.test/", false),
        ("e.g.", "https://x.test/", false),
    ] {
        let (_, _, links) = shown_html(&format!("<p><a href='{href}'>{text}</a></p>"));
        assert_eq!(
            links[0].warning.is_some(),
            warned,
            "{text} {href} {links:?}"
        );
    }
}

#[test]
fn h4_parts_that_name_each_other_end() {
    let related = |a: &str, b: &str| {
        format!(
            "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\
             Content-ID: <a>\n\n{a}\n--b\nContent-Type: text/html\nContent-ID: <b>\n\n{b}\n--b--"
        )
    };
    for (a, b) in [
        ("<img src='cid:b' alt=one>", "<img src='cid:a' alt=two>"),
        (
            "<iframe src='cid:b'></iframe>one",
            "<iframe src='cid:a'></iframe>two",
        ),
        ("<object data='cid:a'></object>one", "two"),
        (
            "<link rel=stylesheet href='cid:b'>one",
            "@import 'cid:a'; two",
        ),
    ] {
        let text = body(&related(a, b)).join(" ");
        assert!(text.contains("one") && text.contains("two"), "{a}: {text}");
    }
}

#[test]
fn a_message_in_base64_is_read_as_a_message() {
    let coded = |encoding: &str, body: &str| {
        format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: {encoding}\n\n{body}\n")
    };
    let rows = body(&coded(
        "base64",
        "RnJvbTogYUBiLnRlc3QKU3ViamVjdDogSW5uZXIKCkhlbGxvCg==",
    ));
    assert_eq!(
        rows,
        [
            "── Message inside this message ──",
            "From: a@b.test",
            "Subject: Inner",
            "",
            "Hello"
        ]
    );
    let rows = body(&coded("quoted-printable", "Subject: In=\nner\n\nHel=6Co"));
    assert_eq!(rows[1..], ["Subject: Inner", "", "Hello"]);
    let deep = coded("quoted-printable", "").repeat(200) + "\nx";
    assert!(
        body(&deep).join(" ").contains("message/rfc822"),
        "{:?}",
        body(&deep)
    );
}
