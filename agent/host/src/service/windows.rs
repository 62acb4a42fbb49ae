//! Windows: the service control manager, Ctrl-C, and folders closed by an access control list.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use windows_service::{
    define_windows_service,
    service::{
        ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus,
        ServiceType,
    },
    service_control_handler::{self, ServiceControlHandlerResult},
    service_dispatcher,
};

use super::{Stop, Stopper, stopper};

/// Name of the service.
pub const SERVICE_NAME: &str = "BulkheadAgent";
/// `ERROR_FAILED_SERVICE_CONTROLLER_CONNECT`: nobody started this process as a service.
const NOT_A_SERVICE: i32 = 1063;

/// Where the agent keeps its files unless it is told otherwise.
pub fn default_state_dir() -> PathBuf {
    let data = std::env::var_os("ProgramData").unwrap_or_else(|| OsString::from(r"C:\ProgramData"));
    PathBuf::from(data).join("Bulkhead").join("agent")
}

/// Makes a folder for the system, administrators and its owner alone, or uses the one that is there. A folder below
/// `ProgramData` would otherwise inherit that every user reads it.
///
/// # Errors
/// As the system says; also when the access control list could not be set.
pub fn private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    // S-1-5-18 is the system, S-1-5-32-544 the administrators, S-1-3-4 whoever owns a file; names differ by language.
    let grants = [
        "*S-1-5-18:(OI)(CI)F",
        "*S-1-5-32-544:(OI)(CI)F",
        "*S-1-3-4:(OI)(CI)F",
    ];
    let system = std::env::var_os("SystemRoot").unwrap_or_else(|| OsString::from(r"C:\Windows"));
    // By its full path, so that no other program of that name is taken.
    let status = Command::new(PathBuf::from(system).join("System32").join("icacls.exe"))
        .arg(path)
        .args(["/inheritance:r", "/grant:r"])
        .args(grants)
        .arg("/q")
        .stdout(std::process::Stdio::null())
        .status()?;
    if status.success() {
        return Ok(());
    }
    // A folder that others can read must not be left for the next start to trust.
    let _ = fs::remove_dir(path);
    Err(io::Error::other(format!("icacls ended with {status}")))
}

/// Makes an empty file; its folder's access control list is inherited.
///
/// # Errors
/// As the system says.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
}

/// Names in a folder are journalled by NTFS; there is nothing to call.
///
/// # Errors
/// Never.
pub fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Stops on Ctrl-C, Ctrl-Break and when the console is closed. Has to be called within a runtime.
///
/// # Errors
/// The events could not be caught.
pub fn stop_on_signals(stopper: Stopper) -> io::Result<()> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    let mut broken = tokio::signal::windows::ctrl_break()?;
    let mut closed = tokio::signal::windows::ctrl_close()?;
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = broken.recv() => {}
            _ = closed.recv() => {}
        }
        stopper.stop();
    });
    Ok(())
}

static RUN: OnceLock<fn(Stop) -> i32> = OnceLock::new();

define_windows_service!(service_entry, service_main);

/// Runs as a service if the service control manager started this process; returns false if a person did.
///
/// # Errors
/// The manager could not be reached.
pub fn run_as_service(run: fn(Stop) -> i32) -> io::Result<bool> {
    let _ = RUN.set(run);
    match service_dispatcher::start(SERVICE_NAME, service_entry) {
        Ok(()) => Ok(true),
        Err(windows_service::Error::Winapi(error))
            if error.raw_os_error() == Some(NOT_A_SERVICE) =>
        {
            Ok(false)
        }
        Err(error) => Err(io::Error::other(error)),
    }
}

/// The manager's thread: there is nobody to hand an error to but its log.
fn service_main(_arguments: Vec<OsString>) {
    if let Err(error) = serve() {
        tracing::error!(%error, "the service ended");
    }
}

fn serve() -> windows_service::Result<()> {
    let (stopper, stop) = stopper();
    let (by_manager, from_manager) = std::sync::mpsc::channel::<()>();
    let handler = move |control| match control {
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        ServiceControl::Stop | ServiceControl::Shutdown => {
            let _ = by_manager.send(());
            ServiceControlHandlerResult::NoError
        }
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    let handle = service_control_handler::register(SERVICE_NAME, handler)?;
    let tell = move |state, accepted, code: i32| {
        handle.set_service_status(ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: state,
            controls_accepted: accepted,
            exit_code: if code == 0 {
                ServiceExitCode::Win32(0)
            } else {
                ServiceExitCode::ServiceSpecific(code.unsigned_abs())
            },
            checkpoint: 0,
            wait_hint: Duration::from_secs(20),
            process_id: None,
        })
    };
    tell(
        ServiceState::Running,
        ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN,
        0,
    )?;
    std::thread::spawn(move || {
        // An error means that the handler is gone; then it is time to stop as well.
        let _ = from_manager.recv();
        let _ = tell(ServiceState::StopPending, ServiceControlAccept::empty(), 0);
        stopper.stop();
    });
    let code = RUN.get().map_or(1, |run| run(stop));
    tell(ServiceState::Stopped, ServiceControlAccept::empty(), code)
}
