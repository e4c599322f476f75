# Makes the installer of the frozen application: tries it, signs it, compiles the installer.
#
#   powershell -File packaging/windows/package.ps1 FOLDER VARIANT TITLE      makes dist/TITLE.exe
#
# packaging/package.sh calls it. FOLDER holds universal-ai-tools.exe, universal-ai-tools-cli.exe and
# _internal with the variant's resources. Who signs comes from the environment; without it nothing is
# signed, and this says so aloud:
#   UAT_SIGN_COMMAND   a command line in which $f stands for the quoted file, as Inno Setup wants it:
#                      signtool sign /fd SHA256 /td SHA256 /tr ADDRESS /sha1 THUMBPRINT $f
param(
    [Parameter(Mandatory)] [string] $Folder,
    [Parameter(Mandatory)] [ValidateSet("standard", "lite")] [string] $Variant,
    [Parameter(Mandatory)] [string] $Title
)
Set-StrictMode -Version Latest
$ErrorActionPreference = "Stop"
$root = (Resolve-Path (Join-Path $PSScriptRoot "..\..")).Path
$frozen = (Resolve-Path $Folder).Path
$command = Join-Path $frozen "universal-ai-tools-cli.exe"
$window = Join-Path $frozen "universal-ai-tools.exe"

function Stop-WhenFailed([string] $what) {
    if ($LASTEXITCODE -ne 0) { throw "${what} failed with status $LASTEXITCODE" }
}

function Write-Aloud([string] $words) {
    Write-Warning $words
    # GitHub shows this beside the run, and not only in its log.
    if ($env:GITHUB_ACTIONS) { Write-Output "::warning::$words" }
}

function Test-Application {
    # In a home of its own.
    $env:UNIVERSAL_AI_TOOLS_HOME = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
    try {
        & $command --version
        Stop-WhenFailed "$command --version"
        # 1 says that something is missing here, such as a microphone; only a report must come.
        $report = (& $command doctor --json) -join "`n"
        if ($LASTEXITCODE -gt 1) { throw "$command doctor --json failed with status $LASTEXITCODE" }
        if (-not ($report | ConvertFrom-Json).checks) { throw "$command doctor --json has no checks" }
    }
    finally {
        Remove-Item -Recurse -Force -ErrorAction SilentlyContinue $env:UNIVERSAL_AI_TOOLS_HOME
        Remove-Item Env:UNIVERSAL_AI_TOOLS_HOME
    }
}

function Find-Compiler {
    $found = Get-Command "iscc" -ErrorAction SilentlyContinue
    if ($found) { return $found.Source }
    $usual = Join-Path ${env:ProgramFiles(x86)} "Inno Setup 6\ISCC.exe"
    if (Test-Path $usual) { return $usual }
    throw "Inno Setup 6 is not installed: ISCC.exe is neither on the PATH nor at $usual"
}

function Get-Version {
    $told = Get-Content (Join-Path $frozen "_internal\resources\build.toml")
    $line = $told | Where-Object { $_ -match '^version = "([^"]+)"$' } | Select-Object -First 1
    if (-not $line) { throw "build.toml of $frozen has no version" }
    return ($line -replace '^version = "([^"]+)"$', '$1')
}

Test-Application
$words = @(
    "/DAppVersion=$(Get-Version)",
    "/DTitle=$(Split-Path -Leaf $Title)",
    "/DSourceDir=$frozen",
    "/DOutputDir=$(Join-Path $root 'dist')"
)
$picture = Join-Path $root "build\icons\universal-ai-tools.ico"
if (Test-Path $picture) { $words += "/DIcon=$picture" }
if ($env:UAT_SIGN_COMMAND) {
    foreach ($program in $window, $command) {
        cmd /c $env:UAT_SIGN_COMMAND.Replace('$f', "`"$program`"")
        Stop-WhenFailed "signing $program"
    }
    Test-Application
    # Inno Setup writes its quotes as $q.
    $words += @("/DSigned", "/Srelease=$($env:UAT_SIGN_COMMAND.Replace('"', '$q'))")
}
else {
    Write-Aloud "UAT_SIGN_COMMAND is not set: the installer is not signed, and Windows will warn of it"
}
& (Find-Compiler) @words (Join-Path $PSScriptRoot "installer.iss")
Stop-WhenFailed "Inno Setup"
