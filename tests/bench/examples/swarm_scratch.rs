#![allow(warnings, clippy::all)]
#[path = "../src/figures.rs"]
mod figures;
#[global_allocator]
static A: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;
use berth_domain::cluster::*;
use berth_domain::stack::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::io::*;
fn service(stack: usize, n: usize) -> String {
    let spec = format!(
        r#"{{"Name":"shop-{stack}_s{n}","Labels":{{"berth.instance":"i","com.docker.stack.image":"registry.example/shop/web:2.4.1","com.docker.stack.namespace":"shop-{stack}","traefik.enable":"true","traefik.http.routers.shop-{stack}-web.rule":"Host(`shop-{stack}.localhost`)","traefik.http.routers.shop-{stack}-web.service":"shop-{stack}-web","traefik.http.services.shop-{stack}-web.loadbalancer.server.port":"8080","traefik.swarm.network":"berth-public"}},"TaskTemplate":{{"ContainerSpec":{{"Image":"registry.example/shop/web:2.4.1@sha256:5f1e0d7c3b9a48e6f2d1c0b7a69584736251403f5f1e0d7c3b9a48e6f2d1c0b7","Labels":{{"berth.instance":"i","com.docker.stack.namespace":"shop-{stack}"}},"Args":["serve","--listen","0.0.0.0:8080"],"Env":["API_URL=http://api:8080","COMMIT=5f1e0d7c3b9a48e6f2d1c0b7a69584736251403f","DATABASE_HOST=store"],"Privileges":{{"CredentialSpec":null,"SELinuxContext":null}},"Healthcheck":{{"Test":["CMD","wget","-q","-O","-","http://127.0.0.1:8080/healthz"],"Interval":5000000000,"Timeout":2000000000,"Retries":3}},"Secrets":[{{"File":{{"Name":"database_password","UID":"0","GID":"0","Mode":292}},"SecretID":"secretid{stack}","SecretName":"shop-{stack}_database_password_abcd"}}],"Isolation":"default"}},"Resources":{{"Limits":{{"NanoCPUs":500000000,"MemoryBytes":268435456}},"Reservations":{{}}}},"RestartPolicy":{{"Condition":"any","Delay":5000000000,"MaxAttempts":0}},"Placement":{{"Platforms":[{{"Architecture":"amd64","OS":"linux"}}]}},"Networks":[{{"Target":"net-{stack}-front","Aliases":["s{n}"]}},{{"Target":"net-{stack}-back","Aliases":["s{n}"]}}],"ForceUpdate":0,"Runtime":"container"}},"Mode":{{"Replicated":{{"Replicas":2}}}},"UpdateConfig":{{"Parallelism":1,"FailureAction":"rollback","Monitor":5000000000,"MaxFailureRatio":0,"Order":"start-first"}},"EndpointSpec":{{"Mode":"vip"}}}}"#
    );
    format!(
        r#"{{"ID":"service{stack}x{n}aaaaaaaaaaaa","Version":{{"Index":{n}}},"CreatedAt":"2026-01-01T00:00:00Z","UpdatedAt":"2026-01-01T00:00:00Z","Spec":{spec},"PreviousSpec":{spec},"Endpoint":{{"Spec":{{"Mode":"vip"}},"VirtualIPs":[{{"NetworkID":"net-{stack}-front","Addr":"10.0.1.2/24"}}]}}}}"#
    )
}
fn task(stack: usize, n: usize) -> String {
    format!(
        r#"{{"ID":"task{stack}x{n}aaaaaaaaaaaa","Version":{{"Index":1}},"CreatedAt":"2026-01-01T00:00:00.5Z","UpdatedAt":"2026-01-01T00:00:00Z","Labels":{{}},"Spec":{{"ContainerSpec":{{"Image":"registry.example/shop/web:2.4.1@sha256:5f1e0d7c3b9a48e6f2d1c0b7a69584736251403f5f1e0d7c3b9a48e6f2d1c0b7","Labels":{{"berth.instance":"i","com.docker.stack.namespace":"shop-{stack}"}},"Args":["serve"],"Env":["A=b","DATABASE_HOST=store"]}},"Networks":[{{"Target":"net-{stack}-front"}}]}},"ServiceID":"service{stack}x{n}aaaaaaaaaaaa","Slot":1,"NodeID":"node1","Status":{{"Timestamp":"2026-01-01T00:00:00.5Z","State":"running","Message":"started","ContainerStatus":{{"ContainerID":"c{stack}{n}","PID":1,"ExitCode":0}},"PortStatus":{{}}}},"DesiredState":"running","NetworksAttachments":[{{"Network":{{"ID":"net-{stack}-front","Spec":{{"Name":"x"}}}},"Addresses":["10.0.1.3/24"]}}]}}"#
    )
}
fn network(stack: usize, n: usize) -> String {
    let kind = if n == 0 { "front" } else { "back" };
    format!(
        r#"{{"Name":"shop-{stack}_{kind}","Id":"net-{stack}-{kind}","Created":"2026-01-01T00:00:00Z","Scope":"swarm","Driver":"overlay","EnableIPv6":false,"IPAM":{{"Driver":"default","Options":null,"Config":[{{"Subnet":"10.0.1.0/24","Gateway":"10.0.1.1"}}]}},"Internal":false,"Attachable":false,"Ingress":false,"ConfigFrom":{{"Network":""}},"ConfigOnly":false,"Containers":null,"Options":{{"com.docker.network.driver.overlay.vxlanid_list":"4097"}},"Labels":{{"berth.instance":"i","com.docker.stack.namespace":"shop-{stack}"}}}}"#
    )
}
async fn serve(mut s: tokio::net::UnixStream, stacks: usize) -> std::io::Result<()> {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        let b = s.read_u8().await?;
        head.push(b);
    }
    let head = String::from_utf8_lossy(&head).to_string();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    s.write_all(b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
    let (make, each): (Option<fn(usize, usize) -> String>, usize) = if path.contains("/services") {
        (Some(service), 5)
    } else if path.contains("/tasks") {
        (Some(task), 5)
    } else if path.contains("/networks") {
        (Some(network), 2)
    } else {
        (None, 0)
    };
    let chunk = |t: String| format!("{:x}\r\n{t}\r\n", t.len());
    if path.contains("/_ping") {
        s.write_all(chunk("OK".into()).as_bytes()).await?;
    } else if path.contains("/volumes") {
        s.write_all(chunk(r#"{"Volumes":[]}"#.into()).as_bytes()).await?;
    } else {
        s.write_all(chunk("[".into()).as_bytes()).await?;
        let mut first = true;
        for stack in 0..if make.is_some() { stacks } else { 0 } {
            for n in 0..each {
                let t = format!("{}{}", if first { "" } else { "," }, make.unwrap()(stack, n));
                first = false;
                s.write_all(chunk(t).as_bytes()).await?;
            }
        }
        s.write_all(chunk("]".into()).as_bytes()).await?;
    }
    s.write_all(b"0\r\n\r\n").await?;
    s.flush().await
}
fn say(what: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let hwm = status.lines().find(|l| l.starts_with("VmHWM")).unwrap();
    println!(
        "{what}: now {:.1} peak {:.1} rss {:.1} {hwm}",
        A.current_usage_as_mb(),
        A.peak_usage_as_mb(),
        figures::rss_mib(std::process::id()).unwrap()
    );
    A.reset_peak_usage();
}
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let stacks: usize = std::env::args().nth(1).unwrap_or("5000".into()).parse().unwrap();
    println!("bytes: service {} task {}", service(1, 1).len(), task(1, 1).len());
    let path = format!("/tmp/memory-scratch/sock-{}", std::process::id());
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        loop {
            let (s, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let _ = serve(s, stacks).await;
            });
        }
    });
    let swarm = berth_swarm::Swarm::new(&format!("unix://{path}").parse().unwrap(), Some("i"));
    say("start");
    let seen = swarm.observe_all(Known::default()).await.unwrap();
    say("read, nothing known");
    let known: Known = seen
        .map(|(name, stack)| {
            let mut spec = StackSpec::default();
            for (n, s) in stack.services {
                spec.services.insert(n, s.spec.unwrap());
            }
            (name, Arc::new(Desired::Present(Box::new(spec))))
        })
        .collect();
    say("known");
    for _ in 0..2 {
        let b = figures::thread_cpu_ms().unwrap();
        let seen = swarm.observe_all(known.clone()).await.unwrap();
        println!("{:.0} ms", figures::thread_cpu_ms().unwrap() - b);
        say("read again, all known");
        println!("{}", seen.count());
        say("dropped");
    }
    std::fs::remove_file(&path).unwrap();
}
