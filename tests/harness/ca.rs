//! A test CA, made by the openssl program once for each run, and the certificates that it issues:
//! the good one and each kind that a client must refuse.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

use super::run;

/// What the server shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// For `localhost` and 127.0.0.1, from the test CA.
    #[default]
    Good,
    /// For another host, from the test CA.
    WrongName,
    /// For localhost, ended long ago.
    Expired,
    /// For localhost, signed by itself.
    SelfSigned,
    /// For localhost, from a CA that nobody trusts.
    UntrustedRoot,
    /// For `*.localhost`, which is not `localhost`.
    Wildcard,
    /// For 127.0.0.1 alone: good for the address, wrong for the name.
    AddressOnly,
}

impl Certificate {
    /// Those that a client that connects to `localhost` must refuse.
    pub const REFUSED: [Certificate; 6] = [
        Certificate::WrongName,
        Certificate::Expired,
        Certificate::SelfSigned,
        Certificate::UntrustedRoot,
        Certificate::Wildcard,
        Certificate::AddressOnly,
    ];

    fn name(self) -> &'static str {
        match self {
            Certificate::Good => "good",
            Certificate::WrongName => "wrong-name",
            Certificate::Expired => "expired",
            Certificate::SelfSigned => "self-signed",
            Certificate::UntrustedRoot => "untrusted-root",
            Certificate::Wildcard => "wildcard",
            Certificate::AddressOnly => "address-only",
        }
    }

    fn alternative_names(self) -> &'static str {
        match self {
            Certificate::WrongName => "DNS:elsewhere.test",
            Certificate::Wildcard => "DNS:*.localhost",
            Certificate::AddressOnly => "IP:127.0.0.1",
            _ => "DNS:localhost,IP:127.0.0.1",
        }
    }
}

/// The CA of this run.
pub struct Ca {
    dir: TempDir,
}

impl Ca {
    /// Made at the first call, among the build's own files: statics never drop, so the folder stays
    /// until a later run finds that it is old.
    pub fn shared() -> &'static Ca {
        static CA: OnceLock<Ca> = OnceLock::new();
        CA.get_or_init(Ca::make)
    }

    /// The root certificate, for `tls_ca_file`.
    pub fn root(&self) -> PathBuf {
        self.dir.path().join("root.pem")
    }

    /// Certificate and key of one kind.
    pub fn pair(&self, certificate: Certificate) -> (PathBuf, PathBuf) {
        let name = certificate.name();
        (
            self.dir.path().join(format!("{name}.pem")),
            self.dir.path().join(format!("{name}.key")),
        )
    }

    fn make() -> Ca {
        let dir = tempfile::Builder::new()
            .prefix("lacebark-ca-")
            .tempdir()
            .unwrap();
        let path = dir.path();
        let settings = "[req]\ndistinguished_name=dn\n[dn]\n[root]\nbasicConstraints=critical,CA:TRUE\n\
            keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n\
            [ca]\ndefault_ca=this\n[this]\nnew_certs_dir=.\ndatabase=index\nserial=serial\n\
            default_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n";
        fs::write(path.join("openssl.cnf"), settings).unwrap();
        fs::write(path.join("index"), "").unwrap();
        fs::write(path.join("serial"), "1000\n").unwrap();
        let ca = Ca { dir };
        ca.root_named("root");
        ca.root_named("foreign-root");
        ca.issue(Certificate::Good, "root");
        for certificate in Certificate::REFUSED {
            ca.issue(certificate, "root");
        }
        ca
    }

    fn openssl(&self, args: &str) {
        let mut command = Command::new("openssl");
        run(command
            .args(args.split(' '))
            .current_dir(self.dir.path())
            .env("OPENSSL_CONF", self.config()));
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("openssl.cnf")
    }

    fn root_named(&self, name: &str) {
        self.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
             -subj /CN=lacebark-test-{name} -config openssl.cnf -extensions root -keyout {name}.key -out {name}.pem"
        ));
    }

    fn issue(&self, certificate: Certificate, root: &str) {
        let name = certificate.name();
        let root = if certificate == Certificate::UntrustedRoot {
            "foreign-root"
        } else {
            root
        };
        let extensions = format!(
            "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName={}\n",
            certificate.alternative_names()
        );
        self.write(&format!("{name}.ext"), &extensions);
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=server \
             -config openssl.cnf -keyout {name}.key -out {name}.csr"
        ));
        let signer = match certificate {
            Certificate::SelfSigned => format!("-selfsign -keyfile {name}.key"),
            _ => format!("-cert {root}.pem -keyfile {root}.key"),
        };
        let (from, to) = match certificate {
            Certificate::Expired => ("20200101000000Z", "20210101000000Z"),
            _ => ("20200101000000Z", "20491231235959Z"),
        };
        self.openssl(&format!(
            "ca -batch -notext -config openssl.cnf {signer} -startdate {from} -enddate {to} \
             -extfile {name}.ext -in {name}.csr -out {name}.pem"
        ));
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(Path::new(self.dir.path()).join(name), text).unwrap();
    }
}

const PREFIX: &str = "test-ca-";

fn remove_old(place: &Path) {
    for entry in fs::read_dir(place).unwrap().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let age = entry
            .metadata()
            .and_then(|meta| meta.modified())
            .ok()
            .and_then(|time| time.elapsed().ok());
        if ours && age.is_some_and(|age| age > Duration::from_secs(6 * 3600)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
