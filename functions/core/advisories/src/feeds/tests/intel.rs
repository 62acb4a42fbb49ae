//! Facts about vulnerabilities, by small documents of every form.

use super::*;

#[test]
fn nvd_keeps_the_ratings_of_each_source_and_counts_references_to_exploits() {
    let page = r#"{"resultsPerPage":2,"startIndex":0,"totalResults":2,"format":"NVD_CVE","version":"2.0","timestamp":"2026-06-18T00:00:00.000","vulnerabilities":[
        {"cve":{"id":"CVE-2021-44228","sourceIdentifier":"security@apache.org","vulnStatus":"Analyzed","metrics":{
            "cvssMetricV31":[{"source":"nvd@nist.gov","type":"Primary","cvssData":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H","baseScore":10.0,"baseSeverity":"CRITICAL"}},
                {"source":"security@apache.org","type":"Secondary","cvssData":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}],
            "cvssMetricV2":[{"source":"nvd@nist.gov","cvssData":{"version":"2.0","vectorString":"AV:N/AC:M/Au:N/C:C/I:C/A:C","baseScore":9.3},"baseSeverity":"HIGH"}],
            "ssvcV203":[{"source":"134c704f-9b21-4f2e-91b3-4a467353bcc0","ssvcData":{"options":[{"exploitation":"active"},{"automatable":"yes"},{"technicalImpact":"total"}]}}]},
          "references":[{"url":"a","tags":["Exploit","VDB Entry"]},{"url":"b","tags":["Patch"]},{"url":"c","tags":["Exploit"]},{"url":"d"}]}},
        {"cve":{"id":"CVE-2021-1000","vulnStatus":"Rejected","metrics":{},"references":[]}},
        {"cve":{"id":"CVE-2004-1000","vulnStatus":"Deferred","metrics":{"cvssMetricV2":[{"source":"nvd@nist.gov","cvssData":{"version":"2.0","vectorString":"AV:N/AC:L/Au:N/C:P/I:P/A:P","baseScore":7.5}}]},"references":[]}}]}"#;
    assert_eq!(
        good(page, "nvd"),
        [
            "as of 2026-06-18T00:00:00.000Z",
            r#"CVE-2021-44228 - ransomware=false epss=None (Some("active"), Some("yes"), Some("total")) [Some(10.0), Some(9.8)] exploits=2"#,
            "CVE-2004-1000 - ransomware=false epss=None (None, None, None) [Some(7.5)]",
        ]
    );
    assert!(
        read(&page.replace(
            r#""version":"2.0","timestamp""#,
            r#""version":"3.0","timestamp""#
        ))
        .2
        .is_err()
    );
}

#[test]
fn a_cve_record_has_the_authoritys_word_and_cisas() {
    let record = r#"{"dataType":"CVE_RECORD","dataVersion":"5.1","cveMetadata":{"cveId":"CVE-2024-38063","state":"PUBLISHED","dateUpdated":"2026-05-01T10:00:00.123Z"},
        "containers":{"cna":{"metrics":[{"format":"CVSS","cvssV3_1":{"version":"3.1","baseScore":9.8,"vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}},
            {"other":{"type":"made up","content":{"anything":[1]}}}],"references":[{"url":"x","tags":["exploit"]}]},
        "adp":[{"title":"CISA ADP Vulnrichment","metrics":[{"other":{"type":"ssvc","content":{"id":"CVE-2024-38063","options":[{"Exploitation":"poc"},{"Automatable":"yes"},{"Technical Impact":"total"}],"version":"2.0.3"}}},
            {"other":{"type":"kev","content":{"dateAdded":"2024-08-13"}}},{"cvssV4_0":{"baseScore":9.3}}]}]}}"#;
    let facts = r#"CVE-2024-38063 cisa-kev ransomware=false epss=None (Some("poc"), Some("yes"), Some("total")) [Some(9.8), Some(9.3)] exploits=1"#;
    assert_eq!(
        good(record, "cve-record"),
        ["as of 2026-05-01T10:00:00.123Z", facts]
    );
    assert_eq!(good(&format!("[{record}]"), "cve-record")[1], facts);
    let rejected = record.replace("PUBLISHED", "REJECTED");
    assert_eq!(good(&rejected, "cve-record").len(), 1);
    assert!(read(&record.replace("\"5.1\"", "\"6.0\"")).2.is_err());
}

#[test]
fn public_exploits_are_counted_in_every_form() {
    let fact = |id: &str, count: u32| {
        format!("{id} - ransomware=false epss=None (None, None, None) [] exploits={count}")
    };
    let exploit_db = "id,file,description,date_published,author,type,platform,port,date_added,date_updated,verified,codes,tags\n\
                      1,a.rb,\"x, y\",2010-11-11,m,dos,aix,,2010-11-11,2011-03-06,1,CVE-2009-3699;OSVDB-58726,\n\
                      2,b.rb,z,2010-11-11,m,dos,aix,,2010-11-11,,1,CVE-2009-3699;CVE-2009-3700,\n";
    assert_eq!(
        good(exploit_db, "exploit-db"),
        [
            "as of 2011-03-06T00:00:00.000Z".to_owned(),
            fact("CVE-2009-3699", 2),
            fact("CVE-2009-3700", 1)
        ]
    );
    let metasploit = r#"{"exploit_a":{"name":"A","fullname":"exploit/a","disclosure_date":null,"type":"exploit","references":["CVE-2020-1000","URL-https://x"]},
        "post_b":{"name":"B","fullname":"post/b","type":"post","references":["CVE-2020-2000"]}}"#;
    assert_eq!(good(metasploit, "metasploit"), [fact("CVE-2020-1000", 1)]);
    let nuclei = "{\"ID\":\"CVE-2021-1000\",\"Info\":{\"Name\":\"x\"},\"file_path\":\"http/a.yaml\"}\n{\"ID\":\"CVE-2021-1001\",\"Info\":{},\"file_path\":\"b\"}\n";
    assert_eq!(
        good(nuclei, "nuclei"),
        [fact("CVE-2021-1000", 1), fact("CVE-2021-1001", 1)]
    );
    let counts = "cve,reference_pocs,github_pocs,exploitdb_ids,packetstorm,metasploit\nCVE-2002-0252,1,2,4673,0,1\nCVE-2002-0253,0,0,,0,0\n";
    assert_eq!(good(counts, "exploit-counts"), [fact("CVE-2002-0252", 5)]);
}
