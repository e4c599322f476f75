; Inno Setup 6.3 or newer. Called by packaging/windows/package.ps1, with
;   /DAppVersion=0.1.0 /DTitle=universal-ai-tools-... /DSourceDir=... /DOutputDir=...\dist
; where there is an icon /DIcon=...ico; where somebody signs /DSigned and the sign tool `release`.

#ifndef AppVersion
  #error AppVersion is not defined: call packaging/windows/package.ps1
#endif
#ifndef SourceDir
  #error SourceDir is not defined: call packaging/windows/package.ps1
#endif
#ifndef OutputDir
  #define OutputDir "..\..\dist"
#endif
#ifndef Title
  #define Title "universal-ai-tools-" + AppVersion + "-windows"
#endif
#define AppName "Universal AI Tools"
#define Program "universal-ai-tools"

[Setup]
; Stays the same for ever: by it an upgrade finds what it replaces. Both variants share it.
AppId={{0DA8E52D-465E-5AF9-9FA8-24CD4BF37ACB}
AppName={#AppName}
AppVersion={#AppVersion}
AppVerName={#AppName} {#AppVersion}
AppPublisher=The Universal AI Tools authors
WizardStyle=modern
DefaultDirName={autopf}\{#AppName}
DisableProgramGroupPage=yes
; For one user without an administrator; the wizard (or /ALLUSERS) offers all users.
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog commandline
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
LicenseFile=..\..\LICENSE
#ifdef Icon
SetupIconFile={#Icon}
#endif
UninstallDisplayIcon={app}\{#Program}.exe
OutputDir={#OutputDir}
OutputBaseFilename={#Title}
Compression=lzma2/max
SolidCompression=yes
; Whatever runs from the folder is closed before its files go, and its recording is finished.
CloseApplications=yes
CloseApplicationsFilter=*.exe,*.dll,*.pyd
RestartApplications=no
ChangesEnvironment=yes
#ifdef Signed
SignTool=release
SignedUninstaller=yes
#endif

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: "path"; Description: "Make the command ""{#Program}"" known to terminals (PATH)"; Flags: unchecked

[InstallDelete]
; Libraries of the version before would be found beside those of this one.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#SourceDir}\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs
Source: "{#Program}.cmd"; DestDir: "{app}\bin"; Flags: ignoreversion
Source: "..\..\LICENSE"; DestDir: "{app}"; Flags: ignoreversion

[Icons]
Name: "{autoprograms}\{#AppName}"; Filename: "{app}\{#Program}.exe"
Name: "{autodesktop}\{#AppName}"; Filename: "{app}\{#Program}.exe"; Tasks: desktopicon

[Run]
Filename: "{app}\{#Program}.exe"; Description: "{cm:LaunchProgram,{#AppName}}"; Flags: nowait postinstall skipifsilent

[Code]
const
  OfUser = 'Environment';
  OfMachine = 'SYSTEM\CurrentControlSet\Control\Session Manager\Environment';

function PathRoot: Integer;
begin
  if IsAdminInstallMode then Result := HKEY_LOCAL_MACHINE else Result := HKEY_CURRENT_USER;
end;

function PathKey: String;
begin
  if IsAdminInstallMode then Result := OfMachine else Result := OfUser;
end;

{ Returns Paths without Folder, whatever the case of its letters. }
function WithoutFolder(Paths, Folder: String): String;
var
  At: Integer;
begin
  Result := ';' + Paths + ';';
  At := Pos(';' + Uppercase(Folder) + ';', Uppercase(Result));
  while At > 0 do
  begin
    Delete(Result, At, Length(Folder) + 1);
    At := Pos(';' + Uppercase(Folder) + ';', Uppercase(Result));
  end;
  Result := Copy(Result, 2, Length(Result) - 2);
end;

procedure WritePath(HasCommand: Boolean);
var
  Before, After, Folder: String;
begin
  Folder := ExpandConstant('{app}\bin');
  if not RegQueryStringValue(PathRoot, PathKey, 'Path', Before) then
    Before := '';
  After := WithoutFolder(Before, Folder);
  if HasCommand then
  begin
    if After = '' then After := Folder else After := After + ';' + Folder;
  end;
  if After <> Before then
    RegWriteExpandStringValue(PathRoot, PathKey, 'Path', After);
end;

procedure CurStepChanged(CurStep: TSetupStep);
begin
  if CurStep = ssPostInstall then
    WritePath(WizardIsTaskSelected('path'));
end;

{ Settings, history, models and logs lie in one folder of each user; this is the own one. Whoever
  uninstalls without questions keeps them. }
procedure CurUninstallStepChanged(CurUninstallStep: TUninstallStep);
var
  Data: String;
begin
  if CurUninstallStep = usUninstall then
    WritePath(False);
  if CurUninstallStep <> usPostUninstall then
    exit;
  Data := ExpandConstant('{localappdata}\{#Program}');
  if UninstallSilent or not DirExists(Data) then
    exit;
  if SuppressibleMsgBox('Delete also your settings, recordings, history and downloaded models?' + #13#10#13#10 +
      Data + #13#10#13#10 + 'They cannot be brought back. Those of other users stay.',
      mbConfirmation, MB_YESNO or MB_DEFBUTTON2, IDNO) = IDYES then
    DelTree(Data, True, True, True);
end;
