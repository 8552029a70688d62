//! What the routed service runs: it tells what reached it. Built by the test,
//! statically, with nothing but the standard library.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread;

fn main() {
    let udp = UdpSocket::bind("0.0.0.0:7").unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        loop {
            let (length, from) = udp.recv_from(&mut buffer).unwrap();
            udp.send_to(&buffer[..length], from).unwrap();
        }
    });
    let tcp = TcpListener::bind("0.0.0.0:7").unwrap();
    thread::spawn(move || serve(&tcp, echo));
    // The first task alone is at this port, too.
    if std::env::var("SLOT").as_deref() == Ok("1") {
        let one = TcpListener::bind("0.0.0.0:8081").unwrap();
        thread::spawn(move || serve(&one, answer));
    }
    serve(&TcpListener::bind("0.0.0.0:8080").unwrap(), answer);
}

fn serve(listener: &TcpListener, each: fn(TcpStream) -> std::io::Result<()>) {
    for stream in listener.incoming().flatten() {
        thread::spawn(move || each(stream));
    }
}

fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = [0; 2048];
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..length])?;
    }
}

/// The request itself, the task's name, and enough text to be worth compressing.
fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let (mut request, mut byte) = (Vec::new(), [0; 1]);
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(());
        }
        request.push(byte[0]);
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let task = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let body = format!("task: {}\n{request}{}", task.trim(), "lorem ipsum ".repeat(200));
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nX-Powered-By: echo";
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
